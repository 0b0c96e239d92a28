package faultproxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Call is a call that the proxy has seen.
type Call struct {
	N      int // from 1, in the order of arrival
	Method string
	Path   string // without the API version
	Query  string
	Body   string // of the request, if it is known to be short
	Begin  time.Time
	Status int // the engine's answer; zero if there was none
}

// String is method and path: "POST /containers/create?name=web".
func (c Call) String() string {
	if c.Query == "" {
		return c.Method + " " + c.Path
	}
	return c.Method + " " + c.Path + "?" + c.Query
}

// Mutates reports whether the call changes containers, networks, volumes or
// images. Commands run inside a container do not count: health probes are some.
func (c Call) Mutates() bool {
	switch {
	case c.Method == http.MethodGet || c.Method == http.MethodHead || c.Method == http.MethodOptions:
		return false
	case strings.HasPrefix(c.Path, "/exec/") || strings.HasSuffix(c.Path, "/exec"):
		return false
	case c.Path == "/auth" || c.Path == "/session" || c.Path == "/grpc":
		return false
	}
	return !strings.HasSuffix(c.Path, "/wait") && !strings.HasSuffix(c.Path, "/attach") && !strings.HasSuffix(c.Path, "/resize")
}

// Rule says which calls something happens to.
type Rule struct {
	Method string         // empty is any
	Path   *regexp.Regexp // matched against Call.Path; nil is any
	Match  func(Call) bool
	// Nth is the only matching call that the rule applies to, counted from 1;
	// zero is every one.
	Nth    int
	Action Action
}

func (r *rule) matches(c Call) bool {
	if r.Method != "" && r.Method != c.Method || r.Path != nil && !r.Path.MatchString(c.Path) || r.Match != nil && !r.Match(c) {
		return false
	}
	r.seen++
	return r.Nth == 0 || r.Nth == r.seen
}

// Action is what happens to a call.
type Action func(*fault)

// fault is what all the rules together do to one call.
type fault struct {
	before, after []step                       // around the engine's part
	cut           int64                        // bytes of the answer's body, if limited
	limited       bool                         // cut counts
	life          time.Duration                // of the connection to the engine, if limited; zero is not
	lines         []func(line string) []string // of a stream, in order
}

// step is done at its point of a call; an error ends the call there.
type step func(ctx context.Context, c Call) error

// errDrop ends a call by closing the client's connection without an answer.
var errDrop = errors.New("connection dropped")

// statusError ends a call with an answer of the proxy's own.
type statusError struct {
	code    int
	message string
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %s", e.code, e.message) }

// FailBefore drops the connection; the engine never sees the call.
func FailBefore() Action {
	return func(f *fault) { f.before = append(f.before, drop) }
}

// FailAfter lets the engine do the call to its end and loses the answer.
func FailAfter() Action {
	return func(f *fault) { f.after = append(f.after, drop) }
}

func drop(context.Context, Call) error { return errDrop }

// Status answers in the engine's place.
func Status(code int, message string) Action {
	return func(f *fault) {
		f.before = append(f.before, func(context.Context, Call) error { return &statusError{code, message} })
	}
}

// Delay lets time pass before the engine sees the call.
func Delay(d time.Duration) Action {
	return func(f *fault) { f.before = append(f.before, sleep(d)) }
}

// DelayAnswer lets time pass between the engine's answer and the client's.
func DelayAnswer(d time.Duration) Action {
	return func(f *fault) { f.after = append(f.after, sleep(d)) }
}

func sleep(d time.Duration) step {
	return func(ctx context.Context, _ Call) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return errDrop
		}
	}
}

// Stall never answers and never forwards, until the client goes away.
func Stall() Action {
	return func(f *fault) {
		f.before = append(f.before, func(ctx context.Context, _ Call) error {
			<-ctx.Done()
			return errDrop
		})
	}
}

// BlockUntil keeps the call from the engine until release is closed.
func BlockUntil(release <-chan struct{}) Action {
	return func(f *fault) {
		f.before = append(f.before, func(ctx context.Context, _ Call) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return errDrop
			}
		})
	}
}

// Truncate passes n bytes of the answer's body on and drops the connection.
// With n counting into a document it is cut in the middle; with n of zero a
// stream ends as soon as it stands.
func Truncate(n int64) Action {
	return func(f *fault) { f.cut, f.limited = n, true }
}

// EndAfter closes the connection that long after the engine began to answer: a
// stream breaks.
func EndAfter(d time.Duration) Action {
	return func(f *fault) { f.life = d }
}

// Lines passes every line of the answer's body, without its newline, through
// edit, which returns the lines to send now in its place: none to drop it, two
// to repeat it; what it keeps back it may return with a later line.
func Lines(edit func(line string) []string) Action {
	return func(f *fault) { f.lines = append(f.lines, edit) }
}

// Slow lets time pass before every line of the answer's body.
func Slow(d time.Duration) Action {
	return Lines(func(line string) []string {
		time.Sleep(d)
		return []string{line}
	})
}

// Before runs hook before the engine sees the call, and then, if hook says so,
// drops the connection.
func Before(hook func(Call) (lose bool)) Action {
	return func(f *fault) { f.before = append(f.before, hooked(hook)) }
}

// After runs hook once the engine has done the call, before the client hears
// of it, and then, if hook says so, drops the connection.
func After(hook func(Call) (lose bool)) Action {
	return func(f *fault) { f.after = append(f.after, hooked(hook)) }
}

func hooked(hook func(Call) bool) step {
	return func(_ context.Context, c Call) error {
		if hook(c) {
			return errDrop
		}
		return nil
	}
}

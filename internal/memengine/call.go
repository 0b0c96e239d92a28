package memengine

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
)

var errClosed = errors.New("the engine in memory is closed")

// Call is one call that the engine received.
type Call struct {
	Method string // of engine.Engine, as "StartContainer"
	Target string // name of the container, network, volume or image; empty for lists
	Detail string // what else matters: a signal, a new name, a network
	Begin  time.Time
	End    time.Time // zero while the call lasts
	Err    error     // what it answered
}

// String is the call without times: "StartContainer web-1".
func (c Call) String() string {
	s := c.Method
	for _, part := range []string{c.Target, c.Detail} {
		if part != "" {
			s += " " + part
		}
	}
	return s
}

// Mutates reports whether the call may change anything on the engine.
func (c Call) Mutates() bool {
	return !slices.Contains([]string{
		"ListContainers", "InspectContainer", "ListNetworks", "ListVolumes", "ListImages", "ListBuiltImages", "Logs", "Watch", "Exec",
		"EventsBetween", "Recall", "Top", "Stats",
	}, c.Method)
}

// Calls are the calls received so far, in the order they began in. Those made
// through ByHand are not among them.
func (e *Engine) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// Mutations are the calls received so far that may change something, as text.
func (e *Engine) Mutations() []string {
	var out []string
	for _, c := range e.Calls() {
		if c.Mutates() {
			out = append(out, c.String())
		}
	}
	return out
}

// ForgetCalls empties the record.
func (e *Engine) ForgetCalls() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = nil
}

// Fault makes calls fail, slow or both.
type Fault struct {
	Method string // empty is every method
	Target string // a path.Match pattern for Call.Target; empty is any
	// Changes limits the fault to calls that may change something.
	Changes bool
	Nth     int // only the n-th matching call, counted from 1; zero is every one
	// Err is what the call answers instead of taking effect; nil leaves it alone.
	Err error
	// After lets the call take effect before Err is answered: the answer is lost.
	After bool
	// Delay passes before the call takes effect, unless its context ends.
	Delay time.Duration
	// BlockUntil keeps the call from taking effect until it is closed, unless its context ends.
	BlockUntil <-chan struct{}
	// Late lets the call take effect although its context ends meanwhile, as a real
	// engine does with what it was asked for.
	Late bool
	// Do is called when the call matches, before anything else happens.
	Do func()
	// Then is called once the call has taken effect.
	Then func()
}

type fault struct {
	Fault
	seen int
}

// Inject adds a fault. Every fault that matches a call applies.
func (e *Engine) Inject(f Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = append(e.faults, &fault{Fault: f})
}

// ErrKilled is what every call answers after Kill's moment.
var ErrKilled = errors.New("the caller was killed")

// Kill makes the engine behave as if its caller were killed at its n-th call
// that changes something: that call fails, before or after it took effect, and
// so does every later one. Heal is the next caller.
func (e *Engine) Kill(n int, after bool) {
	e.Inject(Fault{Changes: true, Nth: n, After: after, Err: ErrKilled, Do: func() {
		e.Inject(Fault{Err: ErrKilled})
	}})
}

// Heal removes all faults.
func (e *Engine) Heal() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = nil
}

func (f *fault) matches(c Call) bool {
	if f.Method != "" && f.Method != c.Method || f.Changes && !c.Mutates() {
		return false
	}
	if ok, err := path.Match(f.Target, c.Target); f.Target != "" && (err != nil || !ok) {
		return false
	}
	f.seen++
	return f.Nth == 0 || f.Nth == f.seen
}

// call does what every engine call has in common: the record, the faults, the
// context. do runs without the lock.
func (e *Engine) call(ctx context.Context, c Call, do func() error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if e.quiet {
		return do()
	}
	c.Begin = time.Now()
	e.mu.Lock()
	i := len(e.calls)
	e.calls = append(e.calls, c)
	var faults []Fault
	for _, f := range e.faults {
		if f.matches(c) {
			faults = append(faults, f.Fault)
		}
	}
	e.mu.Unlock()
	err := e.underFaults(ctx, faults, do)
	e.mu.Lock()
	defer e.mu.Unlock()
	if i < len(e.calls) { // the record was not emptied meanwhile
		e.calls[i].End, e.calls[i].Err = time.Now(), err
	}
	return err
}

func (e *Engine) underFaults(ctx context.Context, faults []Fault, do func() error) error {
	var after error
	effect := do
	do = func() error {
		err := effect()
		for _, f := range faults {
			if f.Then != nil {
				f.Then()
			}
		}
		return err
	}
	for _, f := range faults {
		if f.Do != nil {
			f.Do()
		}
		if err := f.wait(ctx); err != nil {
			if f.Late {
				e.late.Go(func() {
					if f.wait(context.WithoutCancel(ctx)) == nil {
						_ = do() // nobody hears the answer
					}
				})
			}
			return err
		}
		switch {
		case f.Err != nil && f.After:
			after = f.Err
		case f.Err != nil:
			return f.Err
		}
	}
	if err := e.reachable(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return after
}

// Settle waits for the calls that take effect late.
func (e *Engine) Settle() { e.late.Wait() }

func (e *core) reachable() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return errClosed
	case e.unreached:
		return fmt.Errorf("dial engine: %w", engine.ErrUnreachable)
	}
	return nil
}

func (f Fault) wait(ctx context.Context) error {
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if f.BlockUntil != nil {
		select {
		case <-f.BlockUntil:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

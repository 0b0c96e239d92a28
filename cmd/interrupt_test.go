package cmd

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/project"
)

// graceful is what an attached up says first when it is interrupted.
const graceful = "Gracefully Stopping... press Ctrl+C again to force"

// The stack whose up is interrupted: containers that wait for others in every
// way, with hooks of every kind.
const interruptedStack = `
services:
  store:
    image: muster-test/busybox:1
    command: sh -c "touch /ok; trap 'exit 0' TERM; while :; do sleep 0.02; done"
    healthcheck: {test: test -f /ok, interval: 1s}
    pre_stop: [{command: echo store ends}]
  once:
    image: muster-test/busybox:1
    command: sh -c "sleep 0.01"
    depends_on: {store: {condition: service_healthy}}
    pre_start: [{command: echo prepared}]
  web:
    image: muster-test/busybox:1
    command: sh -c "trap 'exit 0' TERM; while :; do sleep 0.02; done"
    depends_on: {once: {condition: service_completed_successfully}, store: {condition: service_started, restart: true}}
    environment: {VERSION: "1"}
    post_start: [{command: echo web begins}]
    pre_stop: [{command: echo web ends}]
  last:
    image: muster-test/busybox:1
    command: sh -c "echo last is up; trap 'exit 0' TERM; while :; do sleep 0.02; done"
    depends_on: [web]
`

// interruption is one run of up that signals meet at an engine call.
type interruption struct {
	files  map[string]string
	before []string // command lines whose outcome up meets
	change string   // replaces the file before up
	verb   string   // instead of up
	args   []string
	sig    os.Signal
	nth    int    // the call at which the first signal comes; zero is when everything is up
	method string // of that call; empty is any
	after  bool   // it took effect
	gaps   []int  // how many calls later another signal comes
	ready  string // is printed when everything is up
}

// outcome is what came of it.
type outcome struct {
	code           int
	stdout, stderr string
	before, left   []engine.Container
	ended          []engine.Container // when the command had ended; left is a moment later
	again          string             // why an up after it does not converge; empty if it does
	calls          int                // up to the moment in which everything was up
}

// interrupt runs it. Changing calls take a moment, and take effect although
// their callers leave.
func (i interruption) interrupt(t *testing.T) outcome {
	t.Helper()
	h := newShelf(t, i.files)
	for _, line := range i.before {
		h.must(strings.Fields(line)...)
	}
	if i.change != "" {
		h.write("compose.yaml", i.change)
	}
	var o outcome
	o.before = h.containers()
	h.engine.ForgetCalls()
	b := &background{signals: make(chan os.Signal, 4), done: make(chan int, 1)}
	var next func(gaps []int)
	next = func(gaps []int) {
		b.signals <- i.sig
		if len(gaps) > 0 {
			again := sync.OnceFunc(func() { next(gaps[1:]) })
			if gaps[0] == 0 {
				again()
				return
			}
			h.engine.Inject(memengine.Fault{Nth: gaps[0], Do: again})
		}
	}
	first := sync.OnceFunc(func() { next(i.gaps) })
	h.engine.Inject(memengine.Fault{Changes: true, Delay: time.Millisecond, Late: true})
	if i.nth > 0 {
		f := memengine.Fault{Nth: i.nth, Method: i.method, Do: first}
		if i.after {
			f.Do, f.Then = nil, first
		}
		h.engine.Inject(f)
	}
	app := &App{
		In: strings.NewReader(""), Out: &b.out, Err: &b.err, Env: h.env, Dir: h.dir, Version: "v1.2.3", LockDir: shortDir(t),
		Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
		Signals: func() (<-chan os.Signal, func()) { return b.signals, func() {} },
	}
	go func() { b.done <- Main(app, append([]string{cmp.Or(i.verb, "up")}, i.args...)) }()
	hangs := patience.InMemory().Out(t.Context())
	for ended := false; !ended; {
		out, more := b.out.next()
		if i.ready != "" && strings.Contains(out, i.ready) {
			o.calls = len(h.engine.Calls())
			first()
			more = nil
		}
		select {
		case <-more:
		case o.code = <-b.done:
			ended = true
		case <-hangs:
			errs, _ := b.err.next()
			t.Fatalf("up does not end\n[stdout]\n%s[stderr]\n%s%s", out, errs, h.engine.Snapshot())
		}
	}
	o.ended = h.containers()
	h.engine.Settle()
	o.stdout, _ = b.out.next()
	o.stderr, _ = b.err.next()
	o.left = h.containers()
	h.engine.Heal()
	if _, errs, code := h.run("up", "-d"); code != 0 {
		o.again = fmt.Sprintf("up -d ends with code %d\n%s", code, errs)
	}
	for _, c := range h.containers() {
		_, temporary := project.FinalName(c.Name)
		handed := c.OneOff && strings.Contains(o.stdout, c.ID) // run -d has told its ID: it is the user's
		if temporary || c.OneOff && !handed || c.Service != "once" && c.State != engine.Running {
			o.again += fmt.Sprintf("%s is %s after up -d\n", c.Name, c.State)
		}
	}
	return o
}

// shortDir is a folder whose name leaves room for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (h *shelf) containers() []engine.Container {
	h.Helper()
	cs, err := h.engine.ByHand().ListContainers(h.Context(), engine.ContainerFilter{Project: "shop"})
	if err != nil {
		h.Fatal(err)
	}
	return cs
}

// check holds whatever the moment was: the code is the signal's, nothing of what
// up is about runs on or is started later, nothing half-made is left; unless
// nothing had begun, when nothing has changed.
func (o outcome) check(t *testing.T, sig syscall.Signal) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf(format+"\n[stdout]\n%s[stderr]\n%s", append(args, o.stdout, o.stderr)...)
	}
	if o.code != 128+int(sig) {
		fail("exit code %d, want %d", o.code, 128+int(sig))
	}
	if !strings.Contains(o.stdout, "Attaching to") {
		if got, want := states(o.left), states(o.before); !slices.Equal(got, want) {
			fail("it had not begun, and containers are %q, want %q", got, want)
		}
		return
	}
	for _, c := range o.left {
		if c.Up() {
			fail("%s is %s", c.Name, c.State)
		}
	}
	o.whole(fail)
	if !strings.Contains(o.stderr, graceful) {
		fail("the signal is not answered")
	}
	for _, untrue := range []string{"warning:", "Error", "waiting for project"} {
		if strings.Contains(o.stderr, untrue) {
			fail("it says %q", untrue)
		}
	}
}

// whole checks that nothing half-made is left, and that the next up finds its way.
func (o outcome) whole(fail func(format string, args ...any)) {
	for _, c := range o.left {
		if _, temporary := project.FinalName(c.Name); temporary || c.Labels[project.LabelHook] != "" {
			fail("%s is left behind", c.Name)
		}
	}
	if o.again != "" {
		fail("%s", o.again)
	}
}

func states(cs []engine.Container) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Name+" "+string(c.State))
	}
	slices.Sort(out)
	return out
}

// TestSignalsAtEveryMoment: at every engine call of an attached up one signal
// comes, or several in a row, before the call or once it took effect. Whatever
// the moment, up ends, truly, and nothing runs on.
func TestSignalsAtEveryMoment(t *testing.T) {
	files := func(text string) map[string]string { return map[string]string{"compose.yaml": text} }
	changed := strings.ReplaceAll(interruptedStack, `VERSION: "1"`, `VERSION: "2"`)
	for name, base := range map[string]interruption{
		"up":       {files: files(interruptedStack)},
		"recreate": {files: files(interruptedStack), before: []string{"up -d"}, change: changed, ready: "web begins"},
		"running":  {files: files(interruptedStack), before: []string{"up -d"}, args: []string{"--force-recreate"}},
		"start":    {files: files(interruptedStack), before: []string{"create"}},
	} {
		base.ready, base.sig = cmp.Or(base.ready, "last is up"), os.Interrupt
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := base.interrupt(t)
			whole.check(t, syscall.SIGINT)
			if whole.calls < 10 {
				t.Fatalf("only %d calls", whole.calls)
			}
			for nth := 1; nth <= whole.calls; nth++ {
				for _, gaps := range [][]int{nil, {0}, {2}, {0, 3}} {
					one := base
					one.nth, one.after, one.gaps = nth, (nth+len(gaps))%2 == 0, gaps
					one.run(t)
				}
			}
		})
	}
}

// run does one interruption and checks what came of it. Of three signals the
// last one leaves things as they are.
func (i interruption) run(t *testing.T) {
	t.Helper()
	t.Run(fmt.Sprintf("call %d, after %v, gaps %v", i.nth, i.after, i.gaps), func(t *testing.T) {
		o := i.interrupt(t)
		if len(i.gaps) < 2 {
			o.check(t, i.sig.(syscall.Signal))
		} else if want := 128 + int(i.sig.(syscall.Signal)); o.code != want {
			t.Errorf("exit code %d, want %d\n%s", o.code, want, o.stderr)
		}
	})
}

const supervisedStack = `
services:
  flaky:
    image: muster-test/busybox:1
    command: sh -c "exit 7"
    deploy: {restart_policy: {condition: on-failure, delay: 1ms}}
    pre_stop: [{command: echo flaky ends}]
  sick:
    image: muster-test/busybox:1
    command: sh -c "trap 'exit 0' TERM; while :; do sleep 0.02; done"
    healthcheck: {test: "false", interval: 20ms, retries: 1}
    restart: on-failure
    pre_stop: [{command: echo sick ends}]
    x-muster: {on_unhealthy: restart}
  steady:
    image: muster-test/busybox:1
    command: sh -c "trap 'exit 0' TERM; while :; do sleep 0.02; done"
    restart: always
`

// TestSignalsWhileTheSupervisorRestarts: the same for what the supervisor inside
// an attached up is doing: it is finished, and then stopped.
func TestSignalsWhileTheSupervisorRestarts(t *testing.T) {
	for _, moment := range []struct {
		method string
		nth    int
	}{{"RestartContainer", 1}, {"RestartContainer", 2}, {"StartContainer", 4}, {"StartContainer", 5}, {"Exec", 2}} {
		for _, gaps := range [][]int{nil, {0}, {1}, {2}, {4}} {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d, after %v, gaps %v", moment.method, moment.nth, after, gaps), func(t *testing.T) {
					t.Parallel()
					o := interruption{
						files: map[string]string{"compose.yaml": supervisedStack}, sig: syscall.SIGTERM,
						method: moment.method, nth: moment.nth, after: after, gaps: gaps,
					}.interrupt(t)
					o.again = "" // what is sick or fails at once does not come to rest
					o.check(t, syscall.SIGTERM)
				})
			}
		}
	}
}

// TestSignalsOfOtherCommands: every command that changes something ends at one
// signal with its code. Nothing half-made is left, nothing is started after its
// end, and the next up finds its way.
func TestSignalsOfOtherCommands(t *testing.T) {
	changed := strings.ReplaceAll(interruptedStack, `VERSION: "1"`, `VERSION: "2"`)
	for _, c := range []struct {
		line   string
		before []string
		change string
	}{
		{"up -d", nil, ""},
		{"up -d", []string{"up -d"}, changed},
		{"up -d --force-recreate", []string{"up -d"}, ""},
		{"create", nil, ""},
		{"create --force-recreate", []string{"create"}, ""},
		{"create --force-recreate", []string{"up -d"}, ""},
		{"start", []string{"create"}, ""},
		{"restart", []string{"up -d"}, ""},
		{"stop", []string{"up -d"}, ""},
		{"scale web=3", []string{"up -d"}, ""},
		{"down", []string{"up -d"}, ""},
		{"run --rm -T web echo hi", []string{"up -d"}, ""},
		{"run -d web sleep 1000", []string{"up -d"}, ""},
	} {
		words := strings.Fields(c.line)
		base := interruption{
			files: map[string]string{"compose.yaml": interruptedStack}, before: c.before, change: c.change,
			verb: words[0], args: words[1:], sig: os.Interrupt,
		}
		t.Run(fmt.Sprintf("%s after %v", c.line, c.before), func(t *testing.T) {
			t.Parallel()
			for nth := 1; ; nth++ {
				one := base
				one.nth, one.after = nth, nth%2 == 0
				o := one.interrupt(t)
				if o.code == 0 && nth > 5 {
					return // it made fewer calls
				}
				t.Run(fmt.Sprint("call ", nth), o.checkOther)
			}
		})
	}
}

func (o outcome) checkOther(t *testing.T) {
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf(format+"\n[stdout]\n%s[stderr]\n%s", append(args, o.stdout, o.stderr)...)
	}
	if o.code != 130 {
		fail("exit code %d, want 130", o.code)
	}
	o.whole(fail)
	up := map[string]bool{}
	for _, c := range o.ended {
		up[c.ID] = c.Up()
	}
	for _, c := range o.left {
		if c.Up() && !up[c.ID] && c.Service != "once" {
			fail("%s was started after the end", c.Name)
		}
		if c.OneOff && c.State == engine.Created {
			fail("%s is left behind", c.Name)
		}
	}
}

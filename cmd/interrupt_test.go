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

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/enginetest"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/project"
)

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
	args   []string
	sig    os.Signal
	nth    int    // the call at which the first signal comes; zero is when everything is up
	after  bool   // it took effect
	gaps   []int  // how many calls later another signal comes
	ready  string // is printed when everything is up
}

// outcome is what came of it.
type outcome struct {
	code           int
	stdout, stderr string
	before, left   []convergence.Container
	calls          int // up to the moment in which everything was up
}

// interrupt plays it. Changing calls take a moment, and take effect although
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
			h.engine.Inject(enginetest.Fault{Nth: gaps[0], Do: again})
		}
	}
	first := sync.OnceFunc(func() { next(i.gaps) })
	h.engine.Inject(enginetest.Fault{Changes: true, Delay: time.Millisecond, Late: true})
	if i.nth > 0 {
		f := enginetest.Fault{Nth: i.nth, Do: first}
		if i.after {
			f.Do, f.Then = nil, first
		}
		h.engine.Inject(f)
	}
	app := &App{
		In: strings.NewReader(""), Out: &b.out, Err: &b.err, Env: h.env, Dir: h.dir, Version: "v1.2.3", LockDir: h.dir + "/.locks",
		Connect: func(docker.Options) (convergence.Engine, error) { return h.engine, nil },
		Signals: func() (<-chan os.Signal, func()) { return b.signals, func() {} },
	}
	go func() { b.done <- Main(app, append([]string{"up"}, i.args...)) }()
	hangs := patience.InMemory().Out(t.Context())
	for ended := false; !ended; {
		out, more := b.out.next()
		if strings.Contains(out, i.ready) {
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
	h.engine.Settle()
	o.stdout, _ = b.out.next()
	o.stderr, _ = b.err.next()
	o.left = h.containers()
	return o
}

func (h *shelf) containers() []convergence.Container {
	h.Helper()
	cs, err := h.engine.ByHand().ListContainers(h.Context(), convergence.ContainerFilter{Project: "shop"})
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
		if _, temporary := project.FinalName(c.Name); temporary || c.Labels[project.LabelHook] != "" {
			fail("%s is left behind", c.Name)
		}
	}
	if !strings.Contains(o.stderr, graceful) {
		fail("the signal is not answered")
	}
	for _, untrue := range []string{"warning:", "Error", "waiting for project"} {
		if strings.Contains(o.stderr, untrue) {
			fail("it says %q", untrue)
		}
	}
}

func states(cs []convergence.Container) []string {
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
				for _, gaps := range [][]int{nil, {0}, {1}, {4}, {0, 3}} {
					one := base
					one.nth, one.after, one.gaps = nth, (nth+len(gaps))%2 == 0, gaps
					one.run(t)
				}
			}
		})
	}
}

// run plays one interruption and checks what came of it. Of three signals the
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

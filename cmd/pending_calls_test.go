package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/project"
)

const deafStack = `
services:
  web:
    image: muster-test/busybox:1
    command: sh -c "trap '' TERM; while :; do sleep 0.02; done"
`

// clocked is an engine with a clock that the test sets.
type clocked struct {
	*memengine.Engine
	now time.Time
}

func (c clocked) Identity() engine.Identity { return engine.Identity{Skew: time.Until(c.now)} }

// askedShelf is a shelf whose commands are killed in the middle of a call.
type askedShelf struct{ *shelf }

// at runs a command line by an engine's clock that stands still.
func (h askedShelf) at(now time.Time, line string) (stderr string, code int) {
	var errs capture
	code = h.begin(now, line, io.Discard, &errs)()
	stderr, _ = errs.next()
	return stderr, code
}

// begin runs it beside the test; the result waits for its exit code.
func (h askedShelf) begin(now time.Time, line string, out, errs io.Writer) (wait func() int) {
	app := h.app(out, errs)
	app.Connect = func(docker.Options) (engine.Engine, error) { return clocked{h.engine, now}, nil }
	done := make(chan int, 1)
	go func() { done <- Main(app, strings.Fields(line)) }()
	return func() int { return <-done }
}

// killed runs a command line that is killed at its first call of the method,
// which the engine has got by then and carries out: that is up to the caller.
func (h askedShelf) killed(now time.Time, line, method string) {
	h.Helper()
	var left map[string][]byte
	h.engine.Inject(memengine.Fault{Method: method, Nth: 1, Err: memengine.ErrKilled, Do: func() {
		left = h.notes()
		h.engine.Inject(memengine.Fault{Err: memengine.ErrKilled})
	}})
	if errs, code := h.at(now, line); code == 0 || len(left) == 0 {
		h.Fatalf("muster %s ends with code %d, and %d notes were there when it was killed\n%s", line, code, len(left), errs)
	}
	h.engine.Heal()
	for path, text := range left { // what died wrote nothing any more
		if err := os.WriteFile(path, text, 0o600); err != nil {
			h.Fatal(err)
		}
	}
}

// notes are the accounts of calls that lie beside the locks.
func (h askedShelf) notes() map[string][]byte {
	paths, err := filepath.Glob(filepath.Join(h.dir, ".locks", "*-asked.seen"))
	notes := map[string][]byte{}
	for _, path := range paths {
		text, failed := os.ReadFile(path)
		notes[path], err = text, failed
	}
	if err != nil {
		h.Error(err)
	}
	return notes
}

func (h askedShelf) web() engine.Container {
	h.Helper()
	cs := h.containers()
	if len(cs) != 1 {
		h.Fatalf("%d containers, want one", len(cs))
	}
	return cs[0]
}

// TestCallsOfKilledCommands: what a killed command asked of the engine and the
// engine does only later, whatever it is, undoes nothing that a command after it
// did: that one waits for it. The engine does it when it is asked about the
// container, as real ones do, which answer when they have done what they began.
func TestCallsOfKilledCommands(t *testing.T) {
	by := map[string]func(*memengine.Engine, context.Context, engine.Ref) error{
		"StartContainer":   (*memengine.Engine).StartContainer,
		"PauseContainer":   (*memengine.Engine).PauseContainer,
		"UnpauseContainer": (*memengine.Engine).UnpauseContainer,
		"KillContainer": func(e *memengine.Engine, ctx context.Context, c engine.Ref) error {
			return e.KillContainer(ctx, c, "KILL")
		},
		"RestartContainer": func(e *memengine.Engine, ctx context.Context, c engine.Ref) error {
			return e.StartContainer(ctx, c) // its second half
		},
	}
	for _, c := range []struct {
		before       string // command lines
		killed, call string
		then         string
		want         engine.State
	}{
		{"create", "start", "StartContainer", "stop -t 0", engine.Exited},
		{"create", "up -d", "StartContainer", "stop -t 0", engine.Exited},
		{"up -d, stop -t 0", "up -d", "StartContainer", "kill", engine.Exited},
		{"up -d, stop -t 0", "start", "StartContainer", "pause", engine.Paused},
		{"up -d", "restart -t 0", "RestartContainer", "stop -t 0", engine.Exited},
		{"up -d", "restart -t 0", "RestartContainer", "kill", engine.Exited},
		{"up -d", "pause", "PauseContainer", "up -d", engine.Running},
		{"up -d", "pause", "PauseContainer", "start", engine.Running},
		{"up -d", "pause", "PauseContainer", "unpause", engine.Running},
		{"up -d, pause", "unpause", "UnpauseContainer", "pause", engine.Paused},
		{"up -d", "kill", "KillContainer", "up -d", engine.Running},
		{"up -d", "kill", "KillContainer", "start", engine.Running},
	} {
		t.Run(fmt.Sprintf("%s, killed %s, %s", c.before, c.killed, c.then), func(t *testing.T) {
			t.Parallel()
			h := askedShelf{newShelf(t, map[string]string{"compose.yaml": deafStack})}
			for line := range strings.SplitSeq(c.before, ", ") {
				h.must(strings.Fields(line)...)
			}
			// A start is known to be done by its time, a kill to concern this run.
			now := time.Now().Add(-time.Hour)
			if c.call == "KillContainer" {
				now = time.Now()
			}
			h.killed(now, c.killed, c.call)
			web := h.web()
			if c.call == "RestartContainer" { // it is between its halves
				zero := time.Duration(0)
				if err := h.engine.ByHand().StopContainer(t.Context(), web.Ref, &zero); err != nil {
					t.Fatal(err)
				}
			}
			carryOut := sync.OnceFunc(func() {
				if err := by[c.call](h.engine.ByHand(), t.Context(), web.Ref); err != nil {
					t.Error(err)
				}
			})
			h.engine.Inject(memengine.Fault{Method: "InspectContainer", Do: carryOut})
			if errs, code := h.at(now, c.then); code != 0 {
				t.Fatalf("muster %s ends with code %d\n%s", c.then, code, errs)
			}
			carryOut()
			if got := h.web().State; !patience.InMemory().Wait(t.Context(), func() bool { got = h.web().State; return got == c.want }) {
				t.Errorf("afterwards the container is %s, want %s", got, c.want)
			}
			if notes := h.notes(); len(notes) > 0 {
				t.Errorf("what is over is still noted: %q", slices.Collect(maps.Values(notes)))
			}
		})
	}
}

// TestCreationsOfKilledCommands: what the engine makes only later for a command
// that was killed is no leftover that a command after it leaves behind.
func TestCreationsOfKilledCommands(t *testing.T) {
	for _, then := range []string{"up -d", "down"} {
		t.Run(then, func(t *testing.T) {
			t.Parallel()
			h := askedShelf{newShelf(t, map[string]string{"compose.yaml": deafStack})}
			h.must("up", "-d")
			now, old := time.Now(), h.web()
			h.killed(now, "up -d --force-recreate", "CreateContainer")
			half := old
			half.Ref, half.State = engine.Ref{Name: project.TemporaryName(old.ID, old.Name)}, engine.Created
			late := sync.OnceFunc(func() { h.engine.Seed(engine.Observed{Containers: []engine.Container{half}}) })
			h.engine.Inject(memengine.Fault{Method: "InspectContainer", Target: half.Name, Do: late})
			if errs, code := h.at(now, then+map[string]string{"down": " -t 0"}[then]); code != 0 {
				t.Fatalf("muster %s ends with code %d\n%s", then, code, errs)
			}
			late()
			var want []string
			if then != "down" {
				want = []string{"shop-web-1 running"}
			}
			if got := states(h.containers()); !slices.Equal(got, want) {
				t.Errorf("containers afterwards: %q, want %q", got, want)
			}
		})
	}
}

// TestStopWithATimeoutOfItsOwn: how long a stop takes that was given a timeout
// only the command that gave it knew. An up long after the container's own grace
// period, and long before that timeout, waits for it all the same.
func TestStopWithATimeoutOfItsOwn(t *testing.T) {
	for _, command := range []string{"stop -t 600", "restart -t 600", "down -t 600"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			h := askedShelf{newShelf(t, map[string]string{"compose.yaml": deafStack})}
			h.must("up", "-d")
			method := "StopContainer"
			if strings.HasPrefix(command, "restart") {
				method = "RestartContainer"
			}
			began := time.Now()
			h.killed(began, command, method)
			web, grace := h.web(), 600*time.Second
			ctx, leave := context.WithCancel(t.Context())
			left := make(chan error)
			go func() { left <- h.engine.ByHand().StopContainer(ctx, web.Ref, &grace) }()
			patience.InMemory().Wait(t.Context(), func() bool {
				past, _ := h.engine.ByHand().Recall(t.Context(), "shop")
				return len(past) > 0 && past[len(past)-1].Action == "kill"
			})
			leave()
			<-left

			var out, errs capture
			wait := h.begin(began.Add(5*time.Minute), "up -d", &out, &errs)
			said := func() string {
				a, _ := out.next()
				b, _ := errs.next()
				return a + b
			}
			if !patience.InMemory().Wait(t.Context(), func() bool { return strings.Contains(said(), "Waiting") }) {
				t.Fatalf("up does not wait for the stop\n%s", said())
			}
			if err := h.engine.Crash("shop-web-1", 137); err != nil {
				t.Fatal(err)
			}
			if code := wait(); code != 0 || h.web().State != engine.Running {
				t.Errorf("up ends with code %d, and the container is %s\n%s", code, h.web().State, said())
			}
			if notes := h.notes(); len(notes) > 0 {
				t.Errorf("what is over is still noted: %q", slices.Collect(maps.Values(notes)))
			}
		})
	}
}

package convergence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"pgregory.net/rapid"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// The properties of a supervisor, numbered as in its specification. P8 and P9 are
// those of single decisions: see restartpolicy.TestProperties.

// quiet is how long everything that was begun may take to come to rest: the
// longest delay with its jitter, and a resync.
const quiet = 75*time.Second + 60*time.Second

// accidents are what may happen to a project, often ones first: with gaps in what
// a supervisor hears, or with reload signals, which make the engine forget a
// policy. After both nothing tells a crash from a stop by a user.
func accidents(gaps bool) []string {
	some := []string{"crash", "crash", "crash", "exit", "oom", "stop", "start", "restart", "pause", "unpause"}
	if gaps {
		return append(some, "break", "reboot", "power cut", "successor")
	}
	return append(some, "reload")
}

// TestSuperviseProperties lets accidents happen and holds every call of the
// supervisor to P1 (no second start of what runs), P2 (nothing is started that a
// user stopped or paused), P5 (nothing is done under the policy no) and P12 (a
// dependent starts after its dependencies). When they are over it comes to rest
// as P6 (what should run runs) and P11 (the engine has the declared policies
// back) want.
func TestSuperviseProperties(t *testing.T) {
	check(t, func(t *rapid.T) {
		d := newDrama(t)
		defer d.end()
		possible := accidents(rapid.Bool().Draw(t, "gaps"))
		for range rapid.IntRange(1, 12).Draw(t, "accidents") {
			what := rapid.SampledFrom(possible).Draw(t, "accident")
			s := rapid.IntRange(0, len(d.want.Services)-1).Draw(t, "to")
			d.act(what, d.want.ContainerName(d.want.Services[s], 1))
			time.Sleep(rapid.SampledFrom([]time.Duration{0, 50 * time.Millisecond, time.Second, 5 * time.Second, time.Minute}).Draw(t, "later"))
		}
		for _, s := range d.want.Services {
			d.act("unpause", d.want.ContainerName(s, 1))
		}
		time.Sleep(quiet)
		for _, s := range d.want.Services {
			d.atRest(s)
		}
		d.fail()
	})
}

// atRest holds the service's container to P6 and P11.
func (d *simulation) atRest(s *project.Service) {
	c, there := d.look(d.want.ContainerName(s, 1))
	if !there {
		d.broke("%s is gone", s.Name)
		return
	}
	declared, _ := s.Restart.Engine()
	if have, _ := restartpolicy.Parse(c.RestartPolicy); string(have.Mode) != declared {
		d.broke("P11: the engine has the policy %q of %s, want %q", c.RestartPolicy, c.Name, declared)
	}
	if c.State == engine.Running || d.byUser[c.Name] || !d.needsRun(s) {
		return
	}
	switch d.policies[s.Name] {
	case "always", "any":
		d.broke("P6: %s is %s", c.Name, c.State)
	case "unless-stopped", "on-failure", "any-failure":
		if c.ExitCode != 0 { // else it completed, or was stopped with the engine
			d.broke("P6: %s is %s with code %d", c.Name, c.State, c.ExitCode)
		}
	}
}

// needsRun reports whether everything runs that the service waits for.
func (d *simulation) needsRun(s *project.Service) bool {
	for _, n := range s.DependsOn {
		if c, there := d.look(d.want.ContainerName(d.want.Service(n.Service), 1)); !there || c.State != engine.Running {
			return false
		}
	}
	return true
}

// TestSuperviseP3 crashes a container again and again: every delay is between
// 0.1 s and the longest one with its jitter, and none is shorter than the one
// before by more than what is jitter.
func TestSuperviseP3(t *testing.T) {
	check(t, func(t *rapid.T) {
		d := newDrama(t)
		defer d.end()
		s := d.want.Services[rapid.IntRange(0, len(d.want.Services)-1).Draw(t, "service")]
		name := d.want.ContainerName(s, 1)
		d.Program(name, memengine.Program{ExitAfter: rapid.SampledFrom([]time.Duration{1, 10 * time.Millisecond, time.Second}).Draw(t, "runs"), ExitCode: 1})
		d.act("crash", name)
		time.Sleep(20 * time.Minute)
		d.mu.Lock()
		waits := d.waits[name]
		d.mu.Unlock()
		longest := max(restartpolicy.MaxDelay, s.Restart.Delay) * 5 / 4
		for i, w := range waits {
			if w < restartpolicy.MinDelay || w > longest {
				t.Fatalf("P3: delay %v of %s is out of bounds: %v", w, name, waits)
			}
			if i > 0 && w < waits[i-1]*4/5 {
				t.Fatalf("P3: the delays of a burst shrink: %v", waits)
			}
		}
		d.fail()
	})
}

// TestSuperviseP4 bounds the restarts of a container that always fails, whoever
// owns them and whatever happens to the supervisor.
func TestSuperviseP4(t *testing.T) {
	check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "n")
		attempts, delay := uint64(n), types.Duration(100*time.Millisecond)
		kinds := map[string]types.ServiceConfig{
			"engine":     restart(fmt.Sprintf("on-failure:%d", n)),
			"supervisor": deployRestart(types.RestartPolicy{Condition: "on-failure", MaxAttempts: &attempts, Delay: &delay}),
		}
		owner := rapid.SampledFrom([]string{"engine", "supervisor"}).Draw(t, "owner")
		service := kinds[owner]
		service.Name, service.Image, service.NetworkMode = "web", testImage, "none"
		want, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": service}}})
		if err != nil {
			t.Fatal(err)
		}
		d := &simulation{Engine: memengine.New(), t: t, want: want, policies: map[string]string{"web": owner}, began: time.Now(), byUser: map[string]bool{}, waits: map[string][]time.Duration{}}
		defer d.end()
		d.AddImages(testImage)
		d.Program("web", memengine.Program{ExitAfter: 300 * time.Millisecond, ExitCode: 1})
		starts := 0
		d.Tamper(func(ev engine.Event) []engine.Event {
			if ev.Action == "start" {
				starts++
			}
			return []engine.Event{ev}
		})
		d.bear(want.Services[0])
		d.supervise()
		if owner == "engine" && rapid.Bool().Draw(t, "another supervisor takes over") {
			time.Sleep(time.Second)
			d.act("successor", "")
		}
		time.Sleep(time.Hour)
		d.Tamper(nil)
		if starts != n+1 {
			d.broke("P4: %d starts with %d restarts allowed", starts, n)
		}
		d.fail()
	})
}

// step is an accident to a service, and the time after it.
type step struct {
	what    string
	service int
	later   time.Duration
}

// runSteps lets the same accidents happen to the same project with the given
// disturbance and returns the states in the end.
func (d *simulation) runSteps(steps []step, disturb func(*simulation, int)) string {
	for i, s := range steps {
		service := d.want.Services[s.service%len(d.want.Services)]
		if s.what == "exit" || d.policies[service.Name] == "no" {
			// For good, perhaps: whom it meets running, and who runs by then that
			// needs it, must not depend on how long things took.
			time.Sleep(quiet)
		}
		d.act(s.what, d.want.ContainerName(service, 1))
		disturb(d, i)
		time.Sleep(s.later)
	}
	d.Tamper(nil)
	time.Sleep(quiet + 5*time.Minute) // lost events are made up for by resyncs
	return d.states()
}

// drawFailures draws accidents whose outcome does not depend on what a supervisor
// heard of a user. No call tells a stop whose events were lost from a crash after
// a reload signal, which ends the engine's policy: such a container is left alone.
func drawFailures(t *rapid.T) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			what:    rapid.SampledFrom([]string{"crash", "exit", "oom"}).Draw(t, "what"),
			service: rapid.IntRange(0, 3).Draw(t, "service"),
			later:   rapid.SampledFrom([]time.Duration{0, 30 * time.Millisecond, time.Second, 20 * time.Second}).Draw(t, "later"),
		}
	}), 1, 8).Draw(t, "steps")
}

// TestSuperviseP7 loses, repeats and reorders events: the end is the same.
func TestSuperviseP7(t *testing.T) {
	check(t, func(t *rapid.T) {
		steps := drawFailures(t)
		how := rapid.SampledFrom([]string{"dropped", "repeated", "reordered"}).Draw(t, "how")
		seed := rapid.IntRange(1, 1000).Draw(t, "seed")
		d := newDrama(t)
		calm := d.runSteps(steps, func(*simulation, int) {})
		d.end()
		twin := d.again()
		defer twin.end()
		n, held := seed, []engine.Event(nil)
		twin.Tamper(func(ev engine.Event) []engine.Event {
			n = (n*1103515245 + 12345) & 0x7fffffff
			switch {
			case how == "dropped" && n>>8&1 == 0:
				return nil
			case how == "repeated":
				return []engine.Event{ev, ev}
			case how == "reordered" && held == nil && n>>8&1 == 0:
				held = []engine.Event{ev}
				return nil
			}
			out := append([]engine.Event{ev}, held...)
			held = nil
			return out
		})
		wild := twin.runSteps(steps, func(*simulation, int) {})
		if wild != calm {
			twin.broke("P7: with events %s the end is %q, without %q", how, wild, calm)
		}
		twin.fail()
	})
}

// TestSuperviseP10 ends the supervisor at a drawn point and starts another one:
// the end is the same as with one that lived on.
func TestSuperviseP10(t *testing.T) {
	check(t, func(t *rapid.T) {
		steps := drawFailures(t)
		at := rapid.IntRange(0, len(steps)-1).Draw(t, "dies at")
		d := newDrama(t)
		calm := d.runSteps(steps, func(*simulation, int) {})
		d.end()
		twin := d.again()
		defer twin.end()
		took := twin.runSteps(steps, func(d *simulation, i int) {
			if i == at {
				d.act("successor", "")
			}
		})
		if took != calm {
			twin.broke("P10: after a change of supervisors the end is %q, without %q", took, calm)
		}
		twin.fail()
	})
}

// again is the same project from its beginning on.
func (d *simulation) again() *simulation {
	twin := &simulation{
		Engine: memengine.New(), t: d.t, want: d.want, policies: d.policies, began: time.Now(),
		byUser: map[string]bool{}, waits: map[string][]time.Duration{},
	}
	twin.AddImages(testImage)
	for _, s := range twin.want.Services {
		twin.bear(s)
	}
	twin.supervise()
	return twin
}

package cmd

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/project"
)

// TestNoPlaceForALock: where no folder can hold a lock, commands work all the
// same, and say once that nothing keeps others away.
func TestNoPlaceForALock(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": lookupFile})
	for _, line := range []string{"up -d", "stop -t 0", "start", "down -t 0"} {
		var out, errs bytes.Buffer
		app := &App{
			In: strings.NewReader(""), Out: &out, Err: &errs, Env: h.env, Dir: h.dir, LockDir: filepath.Join(h.dir, "compose.yaml", "locks"),
			Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
		}
		code := Main(app, strings.Fields(line))
		if n := strings.Count(errs.String(), "cannot lock project shop, other commands may work on it"); code != 0 || n != 1 {
			t.Errorf("muster %s ends with code %d and says so %d times\n%s", line, code, n, errs.String())
		}
	}
}

// TestWhatAnotherRunMakes: a successor that another run is making, which does not
// share this one's lock, is waited for; one that a run left behind is not.
func TestWhatAnotherRunMakes(t *testing.T) {
	// This process under another name, as one with a lock elsewhere.
	here := strings.Split(string(lock.ThisRun(nil)), ".")
	run := func(change func(f []string)) string {
		f := slices.Clone(here)
		f[3] = "anotherprocess"
		change(f)
		return strings.Join(f, ".")
	}
	for _, c := range []struct {
		name, run string
		age       time.Duration
		waits     bool
	}{
		{"a run that goes on", run(func([]string) {}), 0, true},
		{"a run that goes on, and made it long ago", run(func([]string) {}), 2 * time.Hour, false},
		{"a run that ended", run(func(f []string) { f[1] = "1" }), 0, false},
		{"a run elsewhere", run(func(f []string) { f[2] = "elsewhere" }), 0, true},
		{"a run elsewhere, long ago", run(func(f []string) { f[2] = "elsewhere" }), 2 * time.Hour, false},
		{"Docker Compose", "", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newShelf(t, map[string]string{"compose.yaml": lookupFile})
			h.must("up", "-d")
			cs, err := h.engine.ListContainers(t.Context(), engine.ContainerFilter{Project: "shop"})
			if err != nil || len(cs) != 1 {
				t.Fatal(cs, err)
			}
			if maker := lock.Run(cs[0].Labels[project.LabelOp]); maker.Life() != lock.Alive {
				t.Errorf("a container is labelled as made by %q", maker)
			}
			half := cs[0]
			half.Ref, half.State = engine.Ref{Name: project.TemporaryName(cs[0].ID, "shop-web-1")}, engine.Created
			half.Created = time.Now().Add(-c.age)
			half.Labels = maps.Clone(half.Labels)
			half.Labels[project.LabelOp] = c.run
			h.engine.Seed(engine.Observed{Containers: []engine.Container{half}})
			h.engine.ForgetCalls()
			said, errs := io.Pipe()
			app := &App{
				In: strings.NewReader(""), Out: io.Discard, Err: errs, Env: h.env, Dir: h.dir, LockDir: filepath.Join(h.dir, ".locks"),
				Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
			}
			ended := make(chan int, 1)
			go func() {
				ended <- Main(app, []string{"up", "-d"})
				errs.Close()
			}()
			waited := false
			for lines := bufio.NewScanner(said); lines.Scan(); {
				if !strings.Contains(lines.Text(), "is creating "+half.Name) {
					continue
				}
				waited = true
				if made := h.engine.Mutations(); len(made) > 0 {
					t.Errorf("meanwhile it does %q", made)
				}
				if err := h.engine.ByHand().RemoveContainer(t.Context(), engine.Ref{Name: half.Name}, false); err != nil {
					t.Error(err)
				}
			}
			if code := <-ended; code != 0 || waited != c.waits {
				t.Errorf("up ends with code %d and waits: %t, want %t", code, waited, c.waits)
			}
			if removed := slices.Contains(h.engine.Mutations(), "RemoveContainer "+half.Name+" volumes"); removed == c.waits {
				t.Errorf("it removes %s: %t\n%q", half.Name, removed, h.engine.Mutations())
			}
		})
	}
}

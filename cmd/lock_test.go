package cmd

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/docker"
)

// TestNoPlaceForALock: where no folder can hold a lock, commands work all the
// same, and say once that nothing keeps others away.
func TestNoPlaceForALock(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": lookupFile})
	for _, line := range []string{"up -d", "stop -t 0", "start", "down -t 0"} {
		var out, errs bytes.Buffer
		app := &App{
			In: strings.NewReader(""), Out: &out, Err: &errs, Env: h.env, Dir: h.dir, LockDir: filepath.Join(h.dir, "compose.yaml", "locks"),
			Connect: func(docker.Options) (convergence.Engine, error) { return h.engine, nil },
		}
		code := Main(app, strings.Fields(line))
		if n := strings.Count(errs.String(), "nothing keeps other commands from working on project shop"); code != 0 || n != 1 {
			t.Errorf("muster %s ends with code %d and says so %d times\n%s", line, code, n, errs.String())
		}
	}
}

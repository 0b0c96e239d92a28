package convergence_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// hooked gives the service a hook of each kind that runs in its containers.
func hooked(s types.ServiceConfig, postStart string) types.ServiceConfig {
	s.PostStart = []types.ServiceHook{{Command: types.ShellCommand{"sh", "-c", postStart}}}
	s.PreStop = []types.ServiceHook{{Command: types.ShellCommand{"sh", "-c", "echo bye"}}}
	return s
}

// did are the calls that start, stop or run something in the container.
func (w *watched) did(name string) []string {
	var did []string
	for _, c := range w.eng.Calls() {
		if c.Target == name && slices.Contains([]string{"StartContainer", "RestartContainer", "StopContainer", "Exec"}, c.Method) {
			did = append(did, strings.TrimSpace(c.Method+" "+c.Detail))
		}
	}
	return did
}

// TestSupervisePostStart: what the supervisor starts again has its post_start
// hooks run; what depends on it starts after them, and a hook that fails is
// recorded and costs the container nothing.
func TestSupervisePostStart(t *testing.T) {
	for _, tc := range []struct{ name, hook, record string }{
		{"passes", "sleep 3", ""},
		{"fails", "echo no schema; exit 3", "run post_start[0] in p-db-1: db hook exited with status 3: no schema"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, types.Services{
					"db": hooked(delayed(time.Second), tc.hook), "web": needs(delayed(time.Second), "db"),
				}, nil, nil)
				defer w.close()
				w.crash("p-web-1", 1)
				w.crash("p-db-1", 1)
				w.after(30 * time.Second)
				did := w.did("p-db-1")
				if want := []string{"StartContainer", "Exec sh -c " + tc.hook}; !slices.Equal(did, want) {
					t.Errorf("db: %q, want %q", did, want)
				}
				if db, web := w.state("p-db-1").StartedAt, w.state("p-web-1").StartedAt; tc.name == "passes" && web.Sub(db) < 3*time.Second {
					t.Errorf("web started %v after db, want it to wait for the hook", web.Sub(db))
				}
				if n := w.eng.Starts("p-db-1"); n != 2 {
					t.Errorf("starts = %d, want 2", n)
				}
				if !strings.Contains(strings.Join(w.records, "\n"), tc.record) {
					t.Errorf("no record of %q", tc.record)
				}
			})
		})
	}
}

// TestSupervisePreStop: before it restarts a sick container the supervisor runs
// its pre_stop hooks, and its post_start hooks after that.
func TestSupervisePreStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := checked(hooked(restart("always"), "echo hello"))
		w := watch(t, types.Services{"web": s}, map[string]project.Extension{"web": {OnUnhealthy: "restart"}},
			map[string]memengine.Program{"web": {UnhealthyAfter: 5 * time.Second, Then: &memengine.Program{}}})
		defer w.close()
		w.after(time.Minute)
		did := w.did("p-web-1")
		did = slices.DeleteFunc(did, func(call string) bool { return strings.HasPrefix(call, "Exec probe") })
		if want := []string{"Exec sh -c echo bye", "RestartContainer", "Exec sh -c echo hello"}; !slices.Equal(did, want) {
			t.Errorf("did %q, want %q", did, want)
		}
	})
}

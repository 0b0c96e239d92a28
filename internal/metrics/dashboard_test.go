package metrics_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/restartpolicy"
)

// TestDashboardShowsWhatIsServed holds the example's dashboard and README to the
// metrics that there are: each names only such, and none is left out.
func TestDashboardShowsWhatIsServed(t *testing.T) {
	m := metrics.New("p")
	web := engine.Ref{Name: "p-web-1"}
	for _, r := range []supervise.Record{ // so that every metric has a value
		{Kind: supervise.RecordExit, ExitCode: 1},
		{Kind: supervise.RecordAction, Action: restartpolicy.Start},
		{Kind: supervise.RecordAction, Action: restartpolicy.Start, Err: os.ErrInvalid},
		{Kind: supervise.RecordHealth, Health: engine.HealthUnhealthy},
		{Kind: supervise.RecordDecision, Decision: restartpolicy.Decision{CrashLoop: true}, Alert: supervise.AlertCrashLoop},
	} {
		r.Container, r.Service, r.Time = web, "web", time.Now()
		m.Record(r)
	}
	base, client := serve(t, m, "unix:"+filepath.Join(t.TempDir(), "s"))
	name := regexp.MustCompile(`\bmuster_[a-z_]+`)
	served := map[string]bool{}
	for _, n := range name.FindAllString(get(t, client, base+"/metrics"), -1) {
		served[n] = true
	}
	for _, file := range []string{"grafana/dashboards/muster.json", "README.md"} {
		text, err := os.ReadFile("../../examples/monitoring/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range name.FindAllString(string(text), -1) {
			if !served[n] {
				t.Errorf("%s names %s, which is not served", file, n)
			}
		}
		for n := range served {
			if !strings.Contains(string(text), n) {
				t.Errorf("%s does not show %s", file, n)
			}
		}
	}
}

package metrics_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/restartpolicy"
)

// supervisor is one of a single container that remembers what it is told.
type supervisor struct{ stopped chan []string }

func newSupervisor() supervisor { return supervisor{make(chan []string, 1)} }

func (s supervisor) Stopped(services ...string) { s.stopped <- services }

func (supervisor) Status(context.Context) ([]supervise.Supervision, error) {
	return []supervise.Supervision{{
		Container: engine.Ref{Name: "p-web-1"}, Service: "web", State: engine.Exited, Next: 3 * time.Second,
		Decision: restartpolicy.Decision{Action: restartpolicy.Start, Reason: restartpolicy.ReasonExited},
	}}, nil
}

// serve serves m on the address and returns a client that reaches it.
func serve(t *testing.T, m *metrics.Metrics, address string) (base string, client *http.Client) {
	t.Helper()
	return serveFor(t, newSupervisor(), m, address)
}

func serveFor(t *testing.T, sup supervisor, m *metrics.Metrics, address string) (base string, client *http.Client) {
	t.Helper()
	l, err := metrics.Listen(address, metrics.Nobody)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Serve(ctx, sup, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if l.Addr().Network() != "unix" {
		return "http://" + l.Addr().String(), http.DefaultClient
	}
	path := strings.TrimPrefix(address, "unix:")
	return "http://muster", &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
	}}
}

func get(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestMetricsOnSocket(t *testing.T) {
	m := metrics.New("p")
	path := filepath.Join(t.TempDir(), "s")
	base, client := serve(t, m, "unix:"+path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket mode = %v, %v", info, err)
	}
	for _, r := range []supervise.Record{
		{Kind: supervise.RecordExit, Service: "web", ExitCode: 137},
		{Kind: supervise.RecordAction, Service: "web", Action: restartpolicy.Start},
		{Kind: supervise.RecordAction, Service: "web", Action: restartpolicy.Restart, Err: io.EOF},
		{Kind: supervise.RecordGap},
		{Kind: supervise.RecordHealth, Service: "web", Health: engine.HealthUnhealthy},
		{Kind: supervise.RecordDecision, Service: "web", Alert: supervise.AlertCrashLoop, Decision: restartpolicy.Decision{Reason: restartpolicy.ReasonRunning}},
	} {
		m.Record(r)
	}
	got := get(t, client, base+"/metrics")
	for _, want := range []string{
		`muster_exits_total{code="137",project="p",service="web"} 1`,
		`muster_restarts_total{project="p",service="web"} 1`,
		`muster_restart_failures_total{project="p",service="web"} 1`,
		`muster_event_stream_gaps_total{project="p"} 1`,
		`muster_health_changes_total{health="unhealthy",project="p",service="web"} 1`,
		`muster_crash_loops_total{project="p",service="web"} 1`,
		`muster_decisions_total{action="leave",project="p",reason="running"} 1`,
		`muster_containers{health="",service="web",state="exited"} 1`,
		`muster_engine_up{project="p"} 1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s in\n%s", want, got)
		}
	}
	var all []metrics.ContainerStatus
	if err := json.Unmarshal([]byte(get(t, client, base+"/status")), &all); err != nil || len(all) != 1 {
		t.Fatalf("status = %v, %v", all, err)
	}
	if all[0].Action != "start" || *all[0].NextSeconds != 3 {
		t.Errorf("status = %+v", all[0])
	}
}

func TestSocketInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, metrics.New("p"), "unix:"+path)
	if _, err := metrics.Listen("unix:"+path, metrics.Nobody); err == nil {
		t.Error("a second listener took the socket over")
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	serve(t, metrics.New("p"), "unix:"+path)
}

func TestOnlyLoopback(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":9000", "192.0.2.1:9000", "nonsense"} {
		if l, err := metrics.Listen(address, metrics.Nobody); err == nil {
			l.Close()
			t.Errorf("Listen(%q) is allowed", address)
		}
	}
}

func TestRebindingIsRefused(t *testing.T) {
	base, client := serve(t, metrics.New("p"), "127.0.0.1:0")
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.Host = "evil.example" },
		func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
	} {
		req, err := http.NewRequest(http.MethodGet, base+"/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("answer to a foreign page = %s", resp.Status)
		}
	}
}

func TestStopsAreToldOnASocketOnly(t *testing.T) {
	sup := newSupervisor()
	for _, tc := range []struct {
		address string
		want    int
	}{
		{"unix:" + filepath.Join(t.TempDir(), "s"), http.StatusNoContent},
		{"127.0.0.1:0", http.StatusForbidden},
	} {
		base, client := serveFor(t, sup, metrics.New("p"), tc.address)
		resp, err := client.Post(base+"/stopped", "application/json", strings.NewReader(`["web","db"]`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tc.want {
			t.Errorf("POST /stopped on %s = %s, want %d", tc.address, resp.Status, tc.want)
		}
	}
	select {
	case got := <-sup.stopped:
		if len(got) != 2 || got[0] != "web" || got[1] != "db" {
			t.Errorf("told of %q", got)
		}
	default:
		t.Error("the supervisor was not told")
	}
}

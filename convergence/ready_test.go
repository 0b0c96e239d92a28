package convergence_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/project"
)

// onHost makes a service whose ports are this machine's.
func onHost(name string) func(*stage) {
	return func(s *stage) {
		s.project.Service(name).Spec.NetworkMode = "host"
	}
}

// ready runs a service's start and the wait for its check. Sockets know no fake
// clock: these tests run in real time, and are over at once.
func ready(t *testing.T, check project.Ready, timeout time.Duration) error {
	t.Helper()
	s := newStage(t, types.ServiceConfig{Name: "web"})
	onHost("web")(s)
	_, err := s.awaited("web", with(await("web", project.Healthy), func(a *plan.Await) {
		a.Ready, a.Timeout = &check, timeout
	}))
	return err
}

func port(t *testing.T, address net.Addr) int {
	t.Helper()
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		t.Fatalf("%v is no TCP address", address)
	}
	return tcp.Port
}

func TestReadyTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	check := project.Ready{Kind: "tcp", Port: port(t, l.Addr())}
	if err := ready(t, check, time.Minute); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := ready(t, check, 200*time.Millisecond); err == nil || !strings.Contains(err.Error(), "is not healthy (running) after 200ms") {
		t.Errorf("nobody listens: error = %v", err)
	}
}

func TestReadyHTTP(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/warming":
			if asked.Add(1) < 3 {
				http.Error(w, "warming up", http.StatusServiceUnavailable)
			}
		case "/moved":
			http.Redirect(w, r, "/nowhere", http.StatusFound)
		case "/teapot":
			w.WriteHeader(http.StatusTeapot)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, tc := range []struct {
		check project.Ready
		fails bool
	}{
		{check: project.Ready{Kind: "http", Path: "/warming"}},
		{check: project.Ready{Kind: "http", Path: "/moved"}},
		{check: project.Ready{Kind: "http", Path: "/teapot", Status: http.StatusTeapot}},
		{check: project.Ready{Kind: "http", Path: "/teapot"}, fails: true},
		{check: project.Ready{Kind: "http", Path: "/moved", Status: http.StatusOK}, fails: true},
		{check: project.Ready{Kind: "http", Path: ""}, fails: true},
	} {
		tc.check.Port = port(t, server.Listener.Addr())
		timeout := time.Minute
		if tc.fails {
			timeout = 150 * time.Millisecond
		}
		if err := ready(t, tc.check, timeout); (err != nil) != tc.fails {
			t.Errorf("%+v: error = %v", tc.check, err)
		}
	}
	if asked.Load() != 3 {
		t.Errorf("asked %d times, want 3", asked.Load())
	}
}

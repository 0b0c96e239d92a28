package convergence_test

import (
	"bytes"
	"io"
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
func onHost(name string) func(*harness) {
	return func(s *harness) {
		s.project.Service(name).Spec.NetworkMode = "host"
	}
}

// ready runs a service's start and the wait for its check. Sockets know no fake
// clock: these tests run in real time, and are over at once.
func ready(t *testing.T, check project.Ready, timeout time.Duration) error {
	t.Helper()
	s := newHarness(t, types.ServiceConfig{Name: "web"})
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

// healthServer is a server of HTTP/2 without TLS, or of HTTP/1, on a port of this
// machine.
func healthServer(t *testing.T, protocol func(*http.Protocols), answer http.HandlerFunc) int {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.Protocols = new(http.Protocols)
	protocol(server.Config.Protocols)
	server.Start()
	t.Cleanup(server.Close)
	return port(t, server.Listener.Addr())
}

func overHTTP2(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }

// healthIs answers as a gRPC server does: a message, and a status after it.
func healthIs(message, status string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked, err := io.ReadAll(r.Body)
		if r.URL.Path != "/grpc.health.v1.Health/Check" || err != nil || !bytes.Equal(asked, make([]byte, 5)) {
			status = "13" // that is not how one asks
		}
		w.Header().Set("Content-Type", "application/grpc+proto")
		_, _ = io.WriteString(w, message)
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
	}
}

func TestReadyGRPC(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, tc := range []struct {
		name  string
		port  int
		ready bool
	}{
		{"serving", healthServer(t, overHTTP2, healthIs("\x00\x00\x00\x00\x02\x08\x01", "0")), true},
		{"without a health service", healthServer(t, overHTTP2, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "12")
		}), true},
		{"not serving", healthServer(t, overHTTP2, healthIs("\x00\x00\x00\x00\x02\x08\x02", "0")), false},
		{"unknown", healthServer(t, overHTTP2, healthIs("\x00\x00\x00\x00\x00", "0")), false},
		{"failing", healthServer(t, overHTTP2, healthIs("\x00\x00\x00\x00\x02\x08\x01", "14")), false},
		{"endless", healthServer(t, overHTTP2, healthIs(strings.Repeat("\x00", 1<<20), "0")), false},
		{"a web server", healthServer(t, overHTTP2, http.NotFound), false},
		{"HTTP/1", healthServer(t, func(p *http.Protocols) { p.SetHTTP1(true) }, http.NotFound), false},
		{"silence", port(t, silent.Addr()), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			timeout := time.Minute
			if !tc.ready {
				timeout = 150 * time.Millisecond
			}
			check := project.Ready{Kind: "grpc", Port: tc.port}
			if err := ready(t, check, timeout); (err == nil) != tc.ready {
				t.Errorf("error = %v", err)
			}
		})
	}
}

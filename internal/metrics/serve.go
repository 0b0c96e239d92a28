package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence/supervise"
)

// Supervisor is whom the server speaks for.
type Supervisor interface {
	Status(ctx context.Context) ([]supervise.Supervision, error)
	Stopped(services ...string)
}

// mostAsked bounds what a client may send, in bytes.
const mostAsked = 1 << 20

// ContainerStatus is one container in the answer to /status.
type ContainerStatus struct {
	Container string `json:"container"`
	Service   string `json:"service"`
	State     string `json:"state"`
	Health    string `json:"health,omitempty"`
	Owner     string `json:"owner"`
	Policy    string `json:"policy"`
	Restarts  int    `json:"restarts"`
	Action    string `json:"action"`
	Reason    string `json:"reason"`
	Detail    string `json:"detail,omitempty"`
	// NextSeconds is how long until the action; absent if nothing is due.
	NextSeconds *float64 `json:"next_seconds,omitempty"`
	CrashLoop   bool     `json:"crash_loop,omitempty"`
}

// Nobody is no group.
const Nobody = -1

// Listen opens the address: unix:PATH makes a socket that its owner and, unless
// that is Nobody, the group may use; HOST:PORT must be a loopback address. Any
// other address is refused.
func Listen(address string, group int) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if isUnix {
		return listenUnix(strings.TrimPrefix(path, "//"), group)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: use unix:PATH or 127.0.0.1:PORT", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen on %q: only a loopback address or a unix socket is served", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	return l, nil
}

// listenUnix replaces a socket that nobody answers on any more. The socket is
// bound in its final place only after its mode is right.
func listenUnix(path string, group int) (net.Listener, error) {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("listen on %s: another process serves it", path)
	}
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	mode := os.FileMode(0o600)
	if group != Nobody && os.Chown(fresh, -1, group) == nil { // else it stays its owner's
		mode = 0o660
	}
	if err = os.Chmod(fresh, mode); err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return &socket{l, path}, nil
}

// socket removes its file when it is closed.
type socket struct {
	*net.UnixListener
	path string
}

func (s *socket) Close() error {
	return errors.Join(s.UnixListener.Close(), os.Remove(s.path))
}

// Serve answers /metrics and /status on the listeners until ctx ends or one of
// them fails, and closes them. What changes anything, a POST of service names to
// /stopped, only a unix socket takes, which nobody but its owner and, where Listen was given one, its group can open.
func (m *Metrics) Serve(ctx context.Context, sup Supervisor, listeners ...net.Listener) error {
	if err := m.registry.Register(&states{sup}); err != nil {
		return fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) { answerStatus(w, r, sup) })
	mux.HandleFunc("POST /stopped", func(w http.ResponseWriter, r *http.Request) { takeStopped(w, r, sup) })
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		server := &http.Server{Handler: localOnly(l, mux), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 1 << 16}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		group.Go(func() error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve metrics: %w", err)
			}
			return nil
		})
	}
	return group.Wait()
}

// localOnly refuses requests that a web page of another origin could make a
// browser on this host send.
func localOnly(l net.Listener, next http.Handler) http.Handler {
	if l.Addr().Network() == "unix" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(r.Host); err == nil {
			host = h
		}
		ip := net.ParseIP(strings.Trim(host, "[]"))
		if host != "localhost" && (ip == nil || !ip.IsLoopback()) || r.Header.Get("Origin") != "" {
			http.Error(w, "only local requests are answered", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet {
			http.Error(w, "only the unix socket takes this", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func takeStopped(w http.ResponseWriter, r *http.Request, sup Supervisor) {
	var services []string
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostAsked)).Decode(&services); err != nil {
		http.Error(w, "send a list of service names", http.StatusBadRequest)
		return
	}
	sup.Stopped(services...)
	w.WriteHeader(http.StatusNoContent)
}

func answerStatus(w http.ResponseWriter, r *http.Request, sup Supervisor) {
	all, err := sup.Status(r.Context())
	if err != nil {
		http.Error(w, "the supervisor does not answer", http.StatusServiceUnavailable)
		return
	}
	out := make([]ContainerStatus, len(all))
	for i, s := range all {
		out[i] = describe(s)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // the client has gone
}

// describe is the supervision as /status shows it.
func describe(s supervise.Supervision) ContainerStatus {
	c := ContainerStatus{
		Container: s.Container.Name, Service: s.Service, State: string(s.State), Health: string(s.Health),
		Owner: s.Owner.String(), Policy: s.Policy.String(), Restarts: s.Restarts,
		Action: s.Decision.Action.String(), Reason: string(s.Decision.Reason), Detail: s.Decision.Detail, CrashLoop: s.CrashLoop,
	}
	if s.Next >= 0 {
		next := s.Next.Seconds()
		c.NextSeconds = &next
	}
	return c
}

// states is a gauge of containers by service, state and health, read when asked.
type states struct{ sup Supervisor }

func (s *states) desc() *prometheus.Desc {
	return prometheus.NewDesc("muster_containers", "Supervised containers by service, state and health.", []string{"service", "state", "health"}, nil)
}

// Describe implements prometheus.Collector.
func (s *states) Describe(ch chan<- *prometheus.Desc) { ch <- s.desc() }

// Collect implements prometheus.Collector.
func (s *states) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	all, err := s.sup.Status(ctx)
	if err != nil {
		return
	}
	type key struct{ service, state, health string }
	count := map[key]float64{}
	for _, c := range all {
		count[key{c.Service, string(c.State), string(c.Health)}]++
	}
	for k, n := range count {
		ch <- prometheus.MustNewConstMetric(s.desc(), prometheus.GaugeValue, n, k.service, k.state, k.health)
	}
}

package faultproxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/test/faultproxy"
)

// backend is a small HTTP server on a unix socket in the engine's place.
type backend struct {
	socket  string
	served  atomic.Int64  // calls that took effect
	release chan struct{} // ends the stream of /events
}

func startBackend(t *testing.T) *backend {
	b := &backend{socket: filepath.Join(t.TempDir(), "engine.sock"), release: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1.41/containers/create", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.served.Add(1)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"Id":"0123456789","Echo":%q}`, body)
	})
	mux.HandleFunc("GET /v1.41/events", func(w http.ResponseWriter, r *http.Request) {
		for i := range 4 {
			fmt.Fprintf(w, "event %d\n", i)
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-b.release:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /v1.41/exec/x/start", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		in, _ := io.ReadAll(buffered) // to the client's half-close
		fmt.Fprintf(conn, "you said %s", in)
	})
	l, err := net.Listen("unix", b.socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: mux}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return b
}

// between starts a backend and a proxy in front of it, and a client of the proxy.
func between(t *testing.T) (*backend, *faultproxy.Proxy, *http.Client) {
	b := startBackend(t)
	socket := filepath.Join(t.TempDir(), "proxy.sock")
	p, err := faultproxy.Start(socket, b.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return b, p, &http.Client{Transport: transport}
}

func create(t *testing.T, c *http.Client) (status int, body string, err error) {
	t.Helper()
	resp, err := c.Post("http://engine/v1.41/containers/create?name=web", "application/json", strings.NewReader("{}"))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all), err
}

func TestForwardsAndRecords(t *testing.T) {
	_, p, c := between(t)
	status, body, err := create(t, c)
	if err != nil || status != http.StatusCreated || body != `{"Id":"0123456789","Echo":"{}"}` {
		t.Fatalf("create = %d %q, %v", status, body, err)
	}
	calls := p.Calls()
	if len(calls) != 1 || calls[0].String() != "POST /containers/create?name=web" || calls[0].Body != "{}" || calls[0].Status != http.StatusCreated || !calls[0].Mutates() {
		t.Errorf("calls = %+v", calls)
	}
}

func TestCallFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		action faultproxy.Action
		status int // zero is a lost connection
		body   string
		served int64
	}{
		{"fail before", faultproxy.FailBefore(), 0, "", 0},
		{"fail after", faultproxy.FailAfter(), 0, "", 1},
		{"status", faultproxy.Status(503, "try later"), 503, `{"message":"try later"}`, 0},
		{"delay", faultproxy.Delay(time.Millisecond), 201, `{"Id":"0123456789","Echo":"{}"}`, 1},
		{"delayed answer", faultproxy.DelayAnswer(time.Millisecond), 201, `{"Id":"0123456789","Echo":"{}"}`, 1},
		{"truncated", faultproxy.Truncate(9), 0, "", 1},
		{"hook without loss", faultproxy.After(func(faultproxy.Call) bool { return false }), 201, `{"Id":"0123456789","Echo":"{}"}`, 1},
		{"hook with loss", faultproxy.Before(func(faultproxy.Call) bool { return true }), 0, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, p, c := between(t)
			p.Add(faultproxy.Rule{Method: "POST", Path: regexp.MustCompile("^/containers/create$"), Nth: 1, Action: tc.action})
			status, body, err := create(t, c)
			if (err != nil) != (tc.status == 0) || err == nil && (status != tc.status || body != tc.body) {
				t.Errorf("create = %d %q, %v; want %d %q", status, body, err, tc.status, tc.body)
			}
			if got := b.served.Load(); got != tc.served {
				t.Errorf("the engine did %d calls, want %d", got, tc.served)
			}
			if status, _, err := create(t, c); err != nil || status != http.StatusCreated {
				t.Errorf("second create = %d, %v: the rule was for the first only", status, err)
			}
		})
	}
}

func TestBlockAndStall(t *testing.T) {
	b, p, c := between(t)
	release := make(chan struct{})
	p.Add(faultproxy.Rule{Nth: 1, Action: faultproxy.BlockUntil(release)})
	p.Add(faultproxy.Rule{Nth: 2, Action: faultproxy.Stall()})
	done := make(chan error, 1)
	go func() {
		_, _, err := create(t, c)
		done <- err
	}()
	patience.InMemory().Until(t, "the call", func() bool { return len(p.Calls()) > 0 })
	if got := b.served.Load(); got != 0 {
		t.Errorf("the engine saw %d calls while one was held", got)
	}
	close(release)
	if err := <-done; err != nil || b.served.Load() != 1 {
		t.Errorf("held call: %v, %d calls", err, b.served.Load())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "GET", "http://engine/v1.41/events", nil)
	if _, err := c.Do(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stalled call = %v, want a timeout", err)
	}
}

func TestEventFaults(t *testing.T) {
	var kept string
	for _, tc := range []struct {
		name   string
		action faultproxy.Action
		want   []string
	}{
		{"untouched", faultproxy.Delay(0), []string{"event 0", "event 1", "event 2", "event 3"}},
		{"slow", faultproxy.Slow(time.Millisecond), []string{"event 0", "event 1", "event 2", "event 3"}},
		{"dropped", faultproxy.Lines(func(l string) []string {
			if l == "event 1" {
				return nil
			}
			return []string{l}
		}), []string{"event 0", "event 2", "event 3"}},
		{"repeated and reordered", faultproxy.Lines(func(l string) []string {
			switch l {
			case "event 1":
				kept = l
				return nil
			case "event 2":
				return []string{l, kept, kept}
			}
			return []string{l}
		}), []string{"event 0", "event 2", "event 1", "event 1", "event 3"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, p, c := between(t)
			p.Add(faultproxy.Rule{Path: regexp.MustCompile("^/events"), Action: tc.action})
			resp, err := c.Get("http://engine/v1.41/events")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			in := bufio.NewScanner(resp.Body)
			var got []string
			for len(got) < len(tc.want) && in.Scan() { // the stream is still open
				got = append(got, in.Text())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("lines = %q, want %q", got, tc.want)
			}
			close(b.release)
			if in.Scan() || in.Err() != nil {
				t.Errorf("after the end: %q, %v", in.Text(), in.Err())
			}
		})
	}
}

func TestBrokenStream(t *testing.T) {
	_, p, c := between(t)
	p.Add(faultproxy.Rule{Path: regexp.MustCompile("^/events"), Action: faultproxy.Truncate(10)})
	resp, err := c.Get("http://engine/v1.41/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if string(got) != "event 0\nev" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("stream = %q, %v; want ten bytes and a broken connection", got, err)
	}
}

func TestUpgrade(t *testing.T) {
	_, p, c := between(t)
	tr := c.Transport.(*http.Transport)
	conn, err := tr.DialContext(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /v1.41/exec/x/start HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade = %v, %v", resp, err)
	}
	fmt.Fprint(conn, "hello")
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if err != nil || string(got) != "you said hello" {
		t.Errorf("stream = %q, %v", got, err)
	}
	if got := p.Calls()[0]; got.Mutates() {
		t.Errorf("%s counts as a change", got)
	}
}

func TestCloseEndsStreams(t *testing.T) {
	_, p, c := between(t)
	resp, err := c.Get("http://engine/v1.41/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the stream ended in order although the proxy went away")
	}
}

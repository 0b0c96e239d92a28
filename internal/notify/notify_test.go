package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/notify"
	"github.com/musterdev/muster/project"
)

func newProject(t *testing.T, to project.Notify) *project.Project {
	t.Helper()
	p, err := project.New(project.Input{
		Compose:    &types.Project{Name: "p", Services: types.Services{"web": {Name: "web", Image: "i"}}},
		Extensions: map[string]project.Extension{"web": {Notify: &to}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unhealthy() supervise.Record {
	return supervise.Record{
		Kind: supervise.RecordHealth, Service: "web", Container: engine.Ref{Name: "p-web-1"},
		Seen: "running, unhealthy", Alert: supervise.AlertUnhealthy,
	}
}

// send delivers one alert and returns what could not be delivered.
func send(t *testing.T, to project.Notify, delivered <-chan struct{}) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	n := notify.New([]string{"PATH=" + os.Getenv("PATH")}, func(err error) { failed <- err })
	done := make(chan struct{})
	go func() { n.Run(ctx); close(done) }()
	n.Send(newProject(t, to), unhealthy())
	defer func() { cancel(); <-done }()
	select {
	case err := <-failed:
		return err
	case <-delivered:
		return nil
	}
}

func TestCommand(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "out")
	delivered := make(chan struct{})
	listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(delivered) }))
	defer listener.Close()
	// The webhook comes after the command, so that its arrival says the file is there.
	to := project.Notify{Command: []string{"/bin/sh", "-c", "cat > " + fifo + "; env >> " + fifo}, Webhook: listener.URL}
	t.Setenv("SECRET", "hunter2")
	if err := send(t, to, delivered); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(fifo)
	if err != nil {
		t.Fatal(err)
	}
	line, env, _ := strings.Cut(string(got), "\n")
	var a notify.Alert
	if err := json.Unmarshal([]byte(line), &a); err != nil || a.Alert != "unhealthy" || a.Container != "p-web-1" {
		t.Errorf("alert = %+v, %v", a, err)
	}
	if strings.Contains(env, "hunter2") {
		t.Error("the command sees the whole environment")
	}
}

func TestWebhookRetries(t *testing.T) {
	delivered := make(chan struct{})
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), `"service":"web"`) {
			t.Errorf("body = %s", body)
		}
		if calls++; calls == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		close(delivered)
	}))
	defer server.Close()
	if err := send(t, project.Notify{Webhook: server.URL}, delivered); err != nil {
		t.Fatal(err)
	}
}

func TestFailuresKeepTheTokenOut(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	err := send(t, project.Notify{Webhook: server.URL + "/hooks/s3cr3t"}, nil)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Fatalf("err = %v, want the answer", err)
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("the error holds the URL: %v", err)
	}
	if err := send(t, project.Notify{Command: []string{"/nonexistent/notify"}}, nil); err == nil {
		t.Error("a missing command is no error")
	}
}

package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
)

// TestRequestsEndWhileTheirSourceIsWaitedFor: a copy from a standard input that
// nobody writes to ends with its context.
func TestRequestsEndWhileTheirSourceIsWaitedFor(t *testing.T) {
	reached := make(chan struct{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if strings.HasSuffix(r.URL.Path, "/archive") {
			close(reached)
			_, _ = io.Copy(io.Discard, r.Body) // ends when the client gives up
		}
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer server.Close()
	e, err := Connect(Options{Host: "tcp://" + listener.Addr().String(), ConfigDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("the caller has gone")
	ctx, leave := context.WithCancelCause(t.Context())
	silent, _ := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- e.CopyArchive(ctx, engine.Ref{Name: "web"}, "/", silent, false) }()
	<-reached
	leave(gone)
	if err := <-done; !errors.Is(err, gone) && !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

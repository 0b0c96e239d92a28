package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
)

// An answer that goes on for ever ends with the context of the call.
func TestBulkTransportCancel(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "one")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done() // the other end is gone
	})}
	go func() { _ = server.Serve(listener) }() // ends when closed
	defer server.Close()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: bulkTransport(socket)}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b := make([]byte, 16)
	if n, err := resp.Body.Read(b); string(b[:n]) != "one" {
		t.Fatalf("read %q, %v", b[:n], err)
	}
	cancel()
	if n, err := resp.Body.Read(b); !errors.Is(err, context.Canceled) {
		t.Errorf("read %q, %v after the end of the call", b[:n], err)
	}
}

// Package service is what the quickstart's four programs have in common: serve
// HTTP until told to stop, and a check that works in an image without a shell.
package service

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// addr is where every program listens; each has its container for itself.
const addr = ":8080"

// Run calls start and serves what it returns until SIGTERM or SIGINT, lets running
// requests end and returns the exit code. GET /healthz answers 200 while ready
// returns nil, else 503 with its error. Called as `PROGRAM healthcheck` it asks
// the running program's /healthz instead: exit code 0 is healthy, 1 is not.
func Run(start func() (mux *http.ServeMux, ready func() error, err error)) int {
	if len(os.Args) > 1 && os.Args[1] == "healthcheck" {
		if err := check(); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
	mux, ready, err := start()
	if err != nil {
		log.Print(err)
		return 1
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, mux); err != nil {
		log.Print(err)
		return 1
	}
	return 0
}

// Env is the value of an environment variable, or fallback if it is unset or empty.
func Env(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

func serve(ctx context.Context, handler http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("listening on %s", listener.Addr())
	server := http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Print("stopping")
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func check() error {
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get("http://127.0.0.1" + addr + "/healthz")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

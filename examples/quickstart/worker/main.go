// Command worker does a job again and again and counts it in the store.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/musterdev/muster/examples/quickstart/internal/service"
)

func main() { os.Exit(service.Run(start)) }

func start() (*http.ServeMux, func() error, error) {
	every, err := time.ParseDuration(service.Env("EVERY", "1s"))
	if err != nil {
		return nil, nil, fmt.Errorf("EVERY: %w", err)
	}
	w := &worker{store: service.Store{URL: service.Env("STORE_URL", "http://store:8080")}, last: errors.New("no job done yet")}
	go w.work(every)
	return http.NewServeMux(), w.ready, nil
}

// worker remembers how its last job ended: that is its health.
type worker struct {
	store service.Store

	mu   sync.Mutex
	last error
}

func (w *worker) work(every time.Duration) {
	for {
		counters, err := w.store.Add(context.Background(), "jobs")
		if err != nil {
			log.Printf("job: %v", err)
		} else {
			log.Printf("job %d done", counters["jobs"])
		}
		w.mu.Lock()
		w.last = err
		w.mu.Unlock()
		time.Sleep(every)
	}
}

func (w *worker) ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// Command api counts each visit in the store and answers with what the store
// holds, as JSON.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/musterdev/muster/examples/quickstart/internal/service"
)

func main() { os.Exit(service.Run(start)) }

func start() (*http.ServeMux, func() error, error) {
	a := api{
		store:    service.Store{URL: service.Env("STORE_URL", "http://store:8080")},
		greeting: service.Env("GREETING", "Hello from Muster"),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.visit)
	return mux, a.ready, nil
}

type api struct {
	store    service.Store
	greeting string
}

// answer proves the whole chain: visits came through the proxy and this program
// into the store, jobs from the worker into the store.
type answer struct {
	Greeting string `json:"greeting"`
	Visits   int    `json:"visits"`
	Jobs     int    `json:"jobs"`
	ServedBy string `json:"served_by"`
}

func (a api) visit(w http.ResponseWriter, r *http.Request) {
	counters, err := a.store.Add(r.Context(), "visits")
	if err != nil {
		log.Print(err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	host, err := os.Hostname()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	log.Printf("visit %d", counters["visits"])
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	if err := out.Encode(answer{a.greeting, counters["visits"], counters["jobs"], host}); err != nil {
		log.Print(err)
	}
}

func (a api) ready() error {
	_, err := a.store.Counters(context.Background())
	return err
}

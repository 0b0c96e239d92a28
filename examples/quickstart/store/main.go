// Command store keeps counters in a file: GET /counters lists them, POST
// /counters/NAME adds one. What it has answered survives a crash.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/musterdev/muster/examples/quickstart/internal/service"
)

func main() { os.Exit(service.Run(start)) }

func start() (*http.ServeMux, func() error, error) {
	s, err := open(filepath.Join(service.Env("DATA", "/data"), "journal"))
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /counters", s.list)
	mux.HandleFunc("POST /counters/{name}", s.add)
	return mux, func() error { return nil }, nil
}

// store is a journal of names, one line per addition, and the sums over it.
type store struct {
	mu       sync.Mutex
	journal  *os.File
	counters service.Counters
}

// open reads the journal and keeps it open for appending. A last line that a
// crash cut short was never answered for: it is cut off.
func open(path string) (*store, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	counters := service.Counters{}
	for line := range bytes.Lines(content) {
		var name string
		if err := json.Unmarshal(line, &name); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		counters[name]++
	}
	journal, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := journal.Truncate(int64(len(content))); err != nil {
		return nil, err
	}
	log.Printf("opened %s: %v", path, counters)
	return &store{journal: journal, counters: counters}, nil
}

func (s *store) list(w http.ResponseWriter, _ *http.Request) { s.answer(w, nil) }

func (s *store) add(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	s.answer(w, func() error {
		line, err := json.Marshal(name)
		if err != nil {
			return err
		}
		if _, err := s.journal.Write(append(line, '\n')); err != nil {
			return err
		}
		if err := s.journal.Sync(); err != nil {
			return err
		}
		s.counters[name]++
		return nil
	})
}

// answer makes the change, if there is one, and writes the counters after it.
func (s *store) answer(w http.ResponseWriter, change func() error) {
	s.mu.Lock()
	var err error
	if change != nil {
		err = change()
	}
	now := maps.Clone(s.counters)
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(now); err != nil {
		log.Print(err)
	}
}

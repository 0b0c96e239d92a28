package service

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Counters is the store's content: a number for each name.
type Counters map[string]int

// Store is a client of the store. The zero value is unusable; URL is its base address.
type Store struct{ URL string }

// Add adds one to the counter name and returns all counters after it.
func (s Store) Add(ctx context.Context, name string) (Counters, error) {
	return s.do(ctx, http.MethodPost, "/counters/"+url.PathEscape(name))
}

// Counters returns all counters.
func (s Store) Counters(ctx context.Context) (Counters, error) {
	return s.do(ctx, http.MethodGet, "/counters")
}

func (s Store) do(ctx context.Context, method, path string) (Counters, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", method, path, answer.Status)
	}
	var all Counters
	return all, json.NewDecoder(answer.Body).Decode(&all)
}

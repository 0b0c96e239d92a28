package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func TestCountersSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, []byte("\"jobs\"\n\"visits\"\n\"jobs\"\n\"vis"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want := 2; want < 4; want++ { // twice: what the first run adds, the second finds
		s, err := open(path)
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest("POST", "/counters/visits", nil)
		request.SetPathValue("name", "visits")
		s.add(httptest.NewRecorder(), request)
		if got := s.counters; got["visits"] != want || got["jobs"] != 2 {
			t.Errorf("counters = %v, want visits %d and jobs 2", got, want)
		}
		if err := s.journal.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBrokenJournalIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, []byte("jobs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(path); err == nil {
		t.Error("a journal that is no journal was opened")
	}
}

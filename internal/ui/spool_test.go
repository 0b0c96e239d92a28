package ui

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestSpoolKeepsOrder(t *testing.T) {
	var both, want bytes.Buffer
	rounds := 0
	s := NewSpool(func(f func()) { rounds++; f() })
	out, errs := s.Writer(&both), s.Writer(struct{ *bytes.Buffer }{&both})
	for i := range 10000 {
		w := out
		if i%3 == 0 {
			w = errs
		}
		fmt.Fprintf(w, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if both.String() != want.String() {
		t.Error("lines are lost or out of order")
	}
	if rounds > 10000 {
		t.Errorf("%d batches", rounds)
	}
}

type brokenPipe struct{ err error }

func (b brokenPipe) Write([]byte) (int, error) { return 0, b.err }

func TestSpoolTellsErrors(t *testing.T) {
	broken := errors.New("broken pipe")
	s := NewSpool(func(f func()) { f() })
	w := s.Writer(brokenPipe{broken})
	big := []byte(strings.Repeat("x", spoolLimit))
	var err error
	for range 10 { // must not block for ever
		if _, err = w.Write(big); err != nil {
			break
		}
	}
	if closeErr := s.Close(); !errors.Is(closeErr, broken) {
		t.Errorf("Close answers %v", closeErr)
	}
	if _, err := w.Write(big); !errors.Is(err, broken) {
		t.Errorf("Write answers %v", err)
	}
}

package cmd

import (
	"context"
	"errors"
	"testing"

	"github.com/musterdev/muster/engine"
)

// lateTerminal refuses sizes until its process runs, which is at the third.
type lateTerminal struct {
	engine.Session
	refused int
	taken   chan [2]int
}

func (l *lateTerminal) Resize(_ context.Context, columns, rows int) error {
	if l.refused++; l.refused < 3 {
		return errors.New("it does not run yet")
	}
	l.taken <- [2]int{columns, rows}
	return nil
}

// TestSizeOfALateTerminal: a process that does not run yet when the size of the terminal
// is first passed on gets it all the same.
func TestSizeOfALateTerminal(t *testing.T) {
	inside := &lateTerminal{taken: make(chan [2]int)}
	c := &console{streams: streams{Terminal: Terminal{
		Screen:  func() (int, int) { return 100, 30 },
		Resized: func() (<-chan struct{}, func()) { return nil, func() {} },
	}}}
	stop := followSize(t.Context(), c, inside)
	if got, want := <-inside.taken, [2]int{100, 30}; got != want {
		t.Errorf("the size is %v, want %v", got, want)
	}
	stop()
}

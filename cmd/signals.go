package cmd

import (
	"context"
	"os"
	"sync"
	"syscall"
)

// interruptError is the end of a command by a signal.
type interruptError struct{ signal os.Signal }

func (e *interruptError) Error() string {
	if e.signal == syscall.SIGTERM {
		return "terminated"
	}
	return "interrupted"
}

func (e *interruptError) exitCode() int {
	if s, ok := e.signal.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 130
}

// interrupts hands signals to whoever takes them. Until somebody does, the
// first one cancels the command and the second one ends the process.
type interrupts struct {
	mu    sync.Mutex
	taker chan<- os.Signal
}

// start listens until stop is called. The context is cancelled with an
// *interruptError as its cause.
func (i *interrupts) start(parent context.Context, subscribe func() (<-chan os.Signal, func())) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if subscribe == nil {
		return ctx, func() { cancel(nil) }
	}
	signals, unsubscribe := subscribe()
	done, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		for {
			select {
			case <-done:
				return
			case sig := <-signals:
				if i.hand(sig) {
					continue
				}
				cancel(&interruptError{sig})
				unsubscribe() // the next one has its default effect
				return
			}
		}
	}()
	return ctx, func() {
		close(done)
		<-finished
		unsubscribe()
		cancel(nil)
	}
}

func (i *interrupts) hand(sig os.Signal) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.taker == nil {
		return false
	}
	select {
	case i.taker <- sig:
	default: // as many as the taker can use are waiting
	}
	return true
}

// take makes signals arrive at the returned channel until release is called.
func (i *interrupts) take() (signals <-chan os.Signal, release func()) {
	ch := make(chan os.Signal, 2)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.taker = ch
	return ch, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.taker = nil
	}
}

package cmd

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/ui"
)

// interrupts hands signals to whoever takes them. Until somebody does, the
// first one cancels the command and the second one ends the process.
type interrupts struct {
	mu    sync.Mutex
	taker chan<- os.Signal
}

// start listens until stop is called. The context is cancelled with an
// *host.Interrupt as its cause, by one that came before stop and was not heard yet
// too. leave ends the process; without it the second signal has its default effect.
func (i *interrupts) start(parent context.Context, subscribe func() (<-chan os.Signal, func()), leave func(code int)) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if subscribe == nil {
		return ctx, func() { cancel(nil) }
	}
	signals, unsubscribe := subscribe()
	done, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		var first *host.Interrupt
		for {
			select {
			case <-done:
				select {
				case sig := <-signals:
					cancel(&host.Interrupt{Signal: sig})
				default:
				}
				return
			case sig := <-signals:
				switch {
				case i.hand(sig):
				case first != nil && sig == syscall.SIGHUP: // a terminal and its shell both tell
				case first != nil:
					leave(first.ExitCode())
				default:
					first = &host.Interrupt{Signal: sig}
					cancel(first)
					if leave == nil {
						unsubscribe()
						return
					}
				}
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

// acknowledge says at once that a signal was heard, although what the engine was
// asked for is waited for. What it returns ends that.
func acknowledge(ctx context.Context, i *interrupts, p ui.Printer) (done func()) {
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		var sig *host.Interrupt
		switch {
		case i.taken() || !errors.As(context.Cause(ctx), &sig):
		case sig.Signal == os.Interrupt:
			p.Info("stopping after the running step; press Ctrl+C again to leave at once")
		default:
			p.Info(sig.Error() + ": stopping after the running step")
		}
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}

// taken reports whether somebody takes the signals, and answers them.
func (i *interrupts) taken() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.taker != nil
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

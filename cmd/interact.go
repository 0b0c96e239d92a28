package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/musterdev/muster/engine"
)

// interact connects the session's streams with ours until the output ends. With
// a terminal on both sides it is raw and follows changes of its size. It ends
// with engine.ErrDetached when the user leaves while the process goes on.
func interact(ctx context.Context, c *console, inside engine.Session, opt engine.SessionOptions) error {
	defer inside.Close()
	if opt.TTY && opt.Stdin && c.Terminal.In && c.Terminal.Raw != nil {
		restore, err := c.Terminal.Raw()
		if err != nil {
			return fmt.Errorf("use the terminal: %w", err)
		}
		defer restore()
	}
	if opt.TTY && c.Terminal.Out && c.Terminal.Resized != nil {
		stop := followSize(ctx, c, inside)
		defer stop()
	}
	detached := make(chan struct{})
	if opt.Stdin {
		// It ends with the standard input or with the process: a read from a
		// terminal cannot be called back.
		go func() {
			_, err := io.Copy(inside, c.In) // whoever reads it may be gone first
			if errors.Is(err, engine.ErrDetached) {
				close(detached)
				return
			}
			_ = inside.CloseWrite()
		}()
	}
	done := make(chan error, 1)
	go func() { done <- inside.Copy(c.Out, c.Err) }()
	select {
	case err := <-done:
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
			return nil
		}
		return err
	case <-detached:
		_ = inside.Close() // ends the copy
		<-done
		return engine.ErrDetached
	case <-ctx.Done():
		_ = inside.Close()
		<-done
		return context.Cause(ctx)
	}
}

// sizeTries and sizeDelay bound for how long the size of a terminal is offered to a
// process that does not run yet; each wait is twice the one before.
const (
	sizeTries = 10
	sizeDelay = 10 * time.Millisecond
)

// followSize passes the terminal's size on, now and whenever it changes.
func followSize(ctx context.Context, c *console, inside engine.Session) (stop func()) {
	changes, unsubscribe := c.Terminal.Resized()
	end := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for tries := 0; ; {
			var again <-chan time.Time
			if columns, rows := c.Terminal.size(); columns > 0 && rows > 0 {
				// An engine refuses what does not run yet, or not any more.
				if err := inside.Resize(ctx, columns, rows); err != nil && tries < sizeTries {
					again = time.After(sizeDelay << tries)
					tries++
				}
			}
			select {
			case <-changes:
				tries = 0
			case <-again:
			case <-end:
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		unsubscribe()
	}
}

// forwardSignals sends the signals that reach this process to the container.
func forwardSignals(ctx context.Context, i *interrupts, e engine.Engine, c engine.Ref) (stop func()) {
	signals, release := i.take()
	end := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case sig := <-signals:
				_ = e.KillContainer(ctx, c, signalName(sig)) // it may have ended first
			case <-end:
				return
			}
		}
	}()
	return func() {
		release()
		close(end)
		<-ended
	}
}

func signalName(sig os.Signal) string {
	if sig == syscall.SIGTERM {
		return "SIGTERM"
	}
	return "SIGINT"
}

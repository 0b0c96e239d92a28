//go:build !windows

package host

import (
	"os"
	"os/signal"
	"syscall"
)

// Resized tells of changes of the terminal's size.
func Resized() (<-chan struct{}, func()) {
	signals := make(chan os.Signal, 1)
	changes, end := make(chan struct{}, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGWINCH)
	go func() {
		for {
			select {
			case <-signals:
				select {
				case changes <- struct{}{}:
				default: // one is waiting
				}
			case <-end:
				return
			}
		}
	}()
	return changes, func() {
		signal.Stop(signals)
		close(end)
	}
}

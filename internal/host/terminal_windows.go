package host

import "time"

// Resized tells of changes of the terminal's size, which Windows consoles do not
// signal: it says to look again every half a second.
func Resized() (<-chan struct{}, func()) {
	ticker := time.NewTicker(500 * time.Millisecond)
	changes, end := make(chan struct{}, 1), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
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
		ticker.Stop()
		close(end)
	}
}

package keeper

import (
	"errors"
	"testing"

	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/metrics"
)

// TestAskOneThatBegins: a supervisor has its lock before it listens, and after it
// has listened. It is nobody else's, and asked again until it answers or is gone.
func TestAskOneThatBegins(t *testing.T) {
	for name, ends := range map[string]bool{"begins": false, "ends": true} {
		t.Run(name, func(t *testing.T) {
			opt, _ := newOptions(t)
			sup := opt.Place
			sup.Kind = lock.Supervisor
			l, err := lock.Acquire(t.Context(), sup)
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			err = eachSocket(t.Context(), opt.Place, func(string) error {
				asked++
				switch {
				case asked == 1:
				case !ends:
					return nil
				case asked == 2:
					if err := l.Release(); err != nil {
						t.Error(err)
					}
				}
				return metrics.ErrNobody
			})
			if asked != 2 || ends != errors.Is(err, metrics.ErrNobody) || !ends && err != nil {
				t.Errorf("asked %d times, it says %v", asked, err)
			}
			if !ends {
				_ = l.Release() // the folder goes
			}
		})
	}
}

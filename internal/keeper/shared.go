package keeper

import (
	"context"
	"sync"
)

// sharedLock is the project's lock, held once while any number of actions of
// this process are under way: they do not exclude each other.
type sharedLock struct {
	acquire func(context.Context) (func(), error)

	mu      sync.Mutex // held while the lock is waited for: whoever comes then waits too
	holders int
	release func()
}

func (l *sharedLock) take(ctx context.Context) (func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders == 0 {
		release, err := l.acquire(ctx)
		if err != nil {
			return nil, err
		}
		l.release = release
	}
	l.holders++
	return l.giveBack, nil
}

func (l *sharedLock) giveBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders--; l.holders == 0 {
		l.release()
	}
}

package cmd

import (
	"context"
	"sync"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/internal/lock"
)

// ahead is what an operation does while its files are still being read. It
// talks to the engine at once; as soon as the project has a name it takes the
// project's lock and begins to look. A lock that somebody else holds is left to
// the operation, which says for whom it waits.
type ahead struct {
	stop    context.CancelFunc
	working sync.WaitGroup
	// What came of it, to be read once working is done, and to be used once.
	name     string
	unlock   func()
	sighting *up.Sighting
}

// goAhead begins. The function that it returns gives back what was not used.
func (s *session) goAhead(ctx context.Context, command string) (cleanUp func()) {
	ctx, stop := context.WithCancel(ctx)
	a := &ahead{stop: stop}
	s.ahead = a
	a.working.Go(func() { s.greet(ctx) })
	if !s.global.dryRun { // which locks nobody out
		s.named = func(name string) {
			a.working.Go(func() { a.look(ctx, s, name, command) })
		}
	}
	return func() {
		s.named, s.ahead = nil, nil
		a.stop()
		a.working.Wait()
		if a.unlock != nil {
			a.unlock()
		}
	}
}

// greet agrees with the engine on a version. An error comes again with the
// first call that matters.
func (s *session) greet(ctx context.Context) {
	if e, err := s.engine(); err == nil {
		_ = e.Ping(ctx)
	}
}

// look observes under the lock, or not at all: what others are about to change
// must be looked at when they are done.
func (a *ahead) look(ctx context.Context, s *session, name, command string) {
	e, err := s.engine()
	if err != nil {
		return
	}
	opt := s.lockOptions(e, name, command)
	opt.Timeout = -1
	l, err := lock.Acquire(ctx, opt)
	if err != nil {
		return
	}
	s.held.Store(l)
	a.name, a.unlock = name, func() { _ = l.Release() } // the kernel frees it in any case
	a.sighting = up.Sight(ctx, e, name)
	if command == "up" {
		a.sighting.Recall(e)
	}
}

// takeLock hands over the lock of the project, if it was taken.
func (s *session) takeLock(name string) (unlock func(), ok bool) {
	a := s.ahead
	if a == nil {
		return nil, false
	}
	if a.working.Wait(); a.name != name || a.unlock == nil {
		return nil, false
	}
	unlock, a.unlock = a.unlock, nil
	return unlock, true
}

// takeSighting hands over the observation that was begun; nil if there is none.
func (s *session) takeSighting(name string) *up.Sighting {
	a := s.ahead
	if a == nil || a.name != name || a.unlock != nil { // the lock is not the operation's yet
		return nil
	}
	seen := a.sighting
	a.sighting = nil
	return seen
}

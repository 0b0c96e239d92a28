package operation

import (
	"context"
	"sync"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
)

// EarlyStart is what an operation does while its files are still being read. It
// talks to the engine at once; as soon as the project has a name it takes the
// project's lock and begins to look. A lock that somebody else holds is left to
// the operation, which says for whom it waits.
type EarlyStart struct {
	opt     EarlyOptions
	ctx     context.Context // of what goes on: it outlives the calls that begin it
	stop    context.CancelFunc
	working sync.WaitGroup
	// What came of it, to be read once working is done, and to be used once.
	handing     sync.Mutex
	name        string
	unlock      func()
	observation *up.Observation
}

// EarlyOptions are the parts that GoAhead is given.
type EarlyOptions struct {
	// Engine connects. An error comes again with the first call that matters.
	Engine func() (engine.Engine, error)
	// Lock takes the project's lock unless somebody else has it; nil locks nobody
	// out, and looks at nothing.
	Lock func(ctx context.Context, e engine.Engine, name string) (unlock func(), ok bool)
	// Recalls is the operation's.
	Recalls bool
}

// StartEarly begins. Close gives back what was not used.
func StartEarly(ctx context.Context, opt EarlyOptions) *EarlyStart {
	ctx, stop := context.WithCancel(ctx)
	a := &EarlyStart{opt: opt, ctx: ctx, stop: stop}
	a.working.Go(func() {
		if e, err := opt.Engine(); err == nil {
			_ = e.Ping(ctx) // agrees on a version; for its error the same holds
		}
	})
	return a
}

// Named tells the project's name.
func (a *EarlyStart) Named(name string) {
	if a.opt.Lock != nil {
		a.working.Go(func() { a.observe(name) })
	}
}

// Close ends what goes on and was not handed over.
func (a *EarlyStart) Close() {
	a.stop()
	a.working.Wait()
	a.handing.Lock()
	unlock := a.unlock
	a.unlock, a.observation = nil, nil
	a.handing.Unlock()
	if unlock != nil {
		unlock()
	}
}

// observe observes under the lock, or not at all: what others are about to change
// must be looked at when they are done.
func (a *EarlyStart) observe(name string) {
	e, err := a.opt.Engine()
	if err != nil {
		return
	}
	unlock, ok := a.opt.Lock(a.ctx, e, name)
	if !ok {
		return
	}
	a.name, a.unlock = name, unlock
	a.observation = up.StartObserving(a.ctx, e, name)
	if a.opt.Recalls {
		a.observation.Recall(e)
	}
}

// take hands over the lock of the project, if it was taken, and what was begun
// under it: to the operation that comes first.
func (a *EarlyStart) take(name string) (unlock func(), seen *up.Observation) {
	if a == nil {
		return nil, nil
	}
	a.working.Wait()
	a.handing.Lock()
	defer a.handing.Unlock()
	if a.name != name {
		return nil, nil
	}
	unlock, seen = a.unlock, a.observation
	a.unlock, a.observation = nil, nil
	return unlock, seen
}

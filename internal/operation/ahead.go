package operation

import (
	"context"
	"sync"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
)

// Ahead is what an operation does while its files are still being read. It
// talks to the engine at once; as soon as the project has a name it takes the
// project's lock and begins to look. A lock that somebody else holds is left to
// the operation, which says for whom it waits.
type Ahead struct {
	opt     AheadOptions
	ctx     context.Context // of what goes on: it outlives the calls that begin it
	stop    context.CancelFunc
	working sync.WaitGroup
	// What came of it, to be read once working is done, and to be used once.
	handing  sync.Mutex
	name     string
	unlock   func()
	sighting *up.Sighting
}

// AheadOptions are the parts that GoAhead is given.
type AheadOptions struct {
	// Engine connects. An error comes again with the first call that matters.
	Engine func() (engine.Engine, error)
	// Lock takes the project's lock unless somebody else has it; nil locks nobody
	// out, and looks at nothing.
	Lock func(ctx context.Context, e engine.Engine, name string) (unlock func(), ok bool)
	// Recalls is the operation's.
	Recalls bool
}

// GoAhead begins. Close gives back what was not used.
func GoAhead(ctx context.Context, opt AheadOptions) *Ahead {
	ctx, stop := context.WithCancel(ctx)
	a := &Ahead{opt: opt, ctx: ctx, stop: stop}
	a.working.Go(func() {
		if e, err := opt.Engine(); err == nil {
			_ = e.Ping(ctx) // agrees on a version; for its error the same holds
		}
	})
	return a
}

// Named tells the project's name.
func (a *Ahead) Named(name string) {
	if a.opt.Lock != nil {
		a.working.Go(func() { a.look(name) })
	}
}

// Close ends what goes on and was not handed over.
func (a *Ahead) Close() {
	a.stop()
	a.working.Wait()
	a.handing.Lock()
	unlock := a.unlock
	a.unlock, a.sighting = nil, nil
	a.handing.Unlock()
	if unlock != nil {
		unlock()
	}
}

// look observes under the lock, or not at all: what others are about to change
// must be looked at when they are done.
func (a *Ahead) look(name string) {
	e, err := a.opt.Engine()
	if err != nil {
		return
	}
	unlock, ok := a.opt.Lock(a.ctx, e, name)
	if !ok {
		return
	}
	a.name, a.unlock = name, unlock
	a.sighting = up.Sight(a.ctx, e, name)
	if a.opt.Recalls {
		a.sighting.Recall(e)
	}
}

// take hands over the lock of the project, if it was taken, and what was begun
// under it: to the operation that comes first.
func (a *Ahead) take(name string) (unlock func(), seen *up.Sighting) {
	if a == nil {
		return nil, nil
	}
	a.working.Wait()
	a.handing.Lock()
	defer a.handing.Unlock()
	if a.name != name {
		return nil, nil
	}
	unlock, seen = a.unlock, a.sighting
	a.unlock, a.sighting = nil, nil
	return unlock, seen
}

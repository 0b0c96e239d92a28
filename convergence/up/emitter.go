package up

import (
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/images"
)

// timing says how long steps take, and whether there is anything to wait for.
type timing struct {
	noStart bool           // nothing is started
	grace   *time.Duration // of stops, over the services' own
	timeout time.Duration  // of waits; zero is none
	settle  time.Duration  // see plan.Await
}

// emitter writes plans. What it writes about has its fate already: it decides
// nothing but which step waits for which.
type emitter struct {
	plan.Draft
	*world
	opt       timing
	services  map[string]*service
	bringing  images.Steps
	networks  map[string]*plan.Handle // by key, the step after which it is there
	volumes   map[string]*plan.Handle // the same
	removals  map[string]removal      // by container ID
	awaits    map[awaited]*plan.Handle
	models    map[string]*plan.Handle
	providers map[string]*plan.Handle // by service
}

func newEmitter(w *world, services map[string]*service, opt timing) *emitter {
	return &emitter{
		Draft: plan.Draft{Notes: w.notes}, world: w, services: services, opt: opt,
		networks: map[string]*plan.Handle{}, volumes: map[string]*plan.Handle{}, removals: map[string]removal{},
		awaits: map[awaited]*plan.Handle{}, models: map[string]*plan.Handle{}, providers: map[string]*plan.Handle{},
	}
}

// reserveSlot makes the steps of a slot, and notes what removes its container.
func (e *emitter) reserveSlot(sl *slot) {
	sl.reserve()
	if sl.remove != nil {
		e.removals[sl.old.ID] = removal{step: sl.remove, of: sl.of, volumes: sl.Fate != fate.Rebuild || len(sl.inherit) == 0}
	}
}

// runProvider has the program that provides the service carry out a verb.
func (e *emitter) runProvider(sv *service, a plan.RunProvider, why string, needs []*plan.Handle) {
	e.providers[sv.Name] = e.Put(e.providers[sv.Name], sv.Name, "provider", a, why, needs...)
}

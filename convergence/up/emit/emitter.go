// Package emit writes the steps that all commands have in common: containers
// start, wait, stop and go, each by what survey found and fate says. Steps need
// each other by handle.
package emit

import (
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/convergence/up/survey"
)

// Timing says how long steps take, and whether there is anything to wait for.
type Timing struct {
	NoStart bool           // nothing is started
	Grace   *time.Duration // of stops, over the services' own
	Timeout time.Duration  // of waits; zero is none
	Settle  time.Duration  // see plan.Await
}

// Emitter writes plans. What it writes about has its fate already: it decides
// nothing but which step waits for which.
type Emitter struct {
	plan.Draft
	*survey.World
	Opt       Timing
	Services  map[string]*survey.Service
	Bringing  images.Steps       // that bring images
	Removals  map[string]Removal // by container ID
	Awaits    map[Awaited]*plan.Handle
	Providers map[string]*plan.Handle // by service
}

// New begins to write about the services of the world.
func New(w *survey.World, services map[string]*survey.Service, opt Timing) *Emitter {
	return &Emitter{
		Draft: plan.Draft{Notes: w.Notes}, World: w, Services: services, Opt: opt,
		Removals: map[string]Removal{}, Awaits: map[Awaited]*plan.Handle{}, Providers: map[string]*plan.Handle{},
	}
}

// ReserveSlot makes the steps of a slot, and notes what removes its container.
func (e *Emitter) ReserveSlot(sl *survey.Slot) {
	sl.Reserve()
	if sl.Remove != nil {
		e.Removals[sl.Old.ID] = Removal{Step: sl.Remove, Of: sl.Of, Volumes: sl.Fate != fate.Rebuild || len(sl.Inherit) == 0}
	}
}

// RunProvider has the program that provides the service carry out a verb.
func (e *Emitter) RunProvider(sv *survey.Service, a plan.RunProvider, why string, needs []*plan.Handle) {
	e.Providers[sv.Name] = e.Put(e.Providers[sv.Name], sv.Name, "provider", a, why, needs...)
}

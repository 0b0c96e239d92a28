package up

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
)

// steps are those of a slot that other steps wait for, as far as its fate has
// them: they are there before they are added to the plan.
type steps struct {
	first   []*plan.Handle // repairs of an interrupted run
	renamed *plan.Handle   // of the repairs, the one that gives the container its name back
	stop    *plan.Handle   // of the container that is there
	remove  *plan.Handle   // of that one
	create  *plan.Handle
	copy    *plan.Handle
	rename  *plan.Handle            // of the successor
	start   *plan.Handle            // after it the processes of the slot run
	hooks   []*plan.Handle          // post_start
	aside   *plan.Handle            // takes the name from the container that is there
	leaves  map[string]*plan.Handle // disconnects from networks, by key
}

// reserve makes the steps of a slot that others may wait for.
func (s *slot) reserve() {
	if s.stops() {
		s.stop = &plan.Handle{}
	}
	if s.Fate.Replaces() || s.Fate == fate.Remove {
		s.remove = &plan.Handle{}
	}
	if s.Fate.Replaces() || s.Fate == fate.Create {
		s.create = &plan.Handle{}
	}
	if s.Fate == fate.Recreate {
		s.rename = &plan.Handle{}
	}
	if s.begins() {
		s.start = &plan.Handle{}
	}
	if s.Starts || s.Fate == fate.Restart {
		for range s.svc.PostStart {
			s.hooks = append(s.hooks, &plan.Handle{})
		}
	}
}

// ready is the step after which dependents may start: the last post_start hook,
// or the start itself; nil if the slot runs already.
func (s *slot) ready() *plan.Handle {
	if n := len(s.hooks); n > 0 {
		return s.hooks[n-1]
	}
	return s.start
}

// named is the step after which the container has its final name.
func (s *slot) named() *plan.Handle {
	switch {
	case s.Fate == fate.Recreate:
		return s.rename
	case s.create != nil:
		return s.create
	case len(s.first) > 0:
		return s.first[len(s.first)-1]
	}
	return nil
}

// left is the step after which nothing of the slot's container is in the way.
func (s *slot) left() *plan.Handle {
	if s.Fate == fate.Remove {
		return s.remove
	}
	return s.stop
}

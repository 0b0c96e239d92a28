package survey

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
)

// Steps are those of a slot that other steps wait for, as far as its fate has
// them: they are there before they are added to the plan.
type Steps struct {
	First   []*plan.Handle // repairs of an interrupted run
	Renamed *plan.Handle   // of the repairs, the one that gives the container its name back
	Stop    *plan.Handle   // of the container that is there
	Remove  *plan.Handle   // of that one
	Create  *plan.Handle
	Copy    *plan.Handle
	Rename  *plan.Handle            // of the successor
	Start   *plan.Handle            // after it the processes of the slot run
	Hooks   []*plan.Handle          // post_start
	Aside   *plan.Handle            // takes the name from the container that is there
	Leaves  map[string]*plan.Handle // disconnects from networks, by key
}

// Reserve makes the steps of a slot that others may wait for.
func (s *Slot) Reserve() {
	if s.Stops() {
		s.Stop = &plan.Handle{}
	}
	if s.Fate.Replaces() || s.Fate == fate.Remove {
		s.Remove = &plan.Handle{}
	}
	if s.Fate.Replaces() || s.Fate == fate.Create {
		s.Create = &plan.Handle{}
	}
	if s.Fate == fate.Recreate {
		s.Rename = &plan.Handle{}
	}
	if s.Begins() {
		s.Start = &plan.Handle{}
	}
	if s.Starts || s.Fate == fate.Restart {
		for range s.Svc.PostStart {
			s.Hooks = append(s.Hooks, &plan.Handle{})
		}
	}
}

// Ready is the step after which dependents may start: the last post_start hook,
// or the start itself; nil if the slot runs already.
func (s *Slot) Ready() *plan.Handle {
	if n := len(s.Hooks); n > 0 {
		return s.Hooks[n-1]
	}
	return s.Start
}

// Named is the step after which the container has its final name.
func (s *Slot) Named() *plan.Handle {
	switch {
	case s.Fate == fate.Recreate:
		return s.Rename
	case s.Create != nil:
		return s.Create
	case len(s.First) > 0:
		return s.First[len(s.First)-1]
	}
	return nil
}

// Left is the step after which nothing of the slot's container is in the way.
func (s *Slot) Left() *plan.Handle {
	if s.Fate == fate.Remove {
		return s.Remove
	}
	return s.Stop
}

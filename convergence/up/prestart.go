package up

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// emitPreStart runs the pre_start hooks of a service, one after the other,
// before the first of its containers starts: once per service, when all of its
// containers that start are made and none of it runs any more. If a hook fails
// nothing of the service starts, and what was stopped for it is put back.
func (u *up) emitPreStart(sp *servicePlan) {
	starting := slices.DeleteFunc(slices.Clone(sp.slots), func(sl *slot) bool { return !u.starts(sl) })
	runs := slices.ContainsFunc(sp.slots, func(sl *slot) bool { return sl.fate == keep && sl.runs() && !u.ending(sl) })
	if len(sp.PreStart) == 0 || len(starting) == 0 || runs || sp.guest {
		return
	}
	var needs []plan.StepID
	var undo []plan.Action
	finish := false
	for _, sl := range starting {
		start := u.Step(sl.id + "/start")
		needs = slices.Concat(needs, start.Needs)
		undo = slices.Concat(undo, start.OnFailure)
		finish = finish || start.Finish
	}
	for i, h := range sp.PreStart {
		a := creation.PreStart(u.want, sp.Service, i, starting[0].refs, madeAs(starting[0]))
		id := preStartID(sp.Name, i)
		u.Add(id, a, "before the service starts", slices.Concat(needs, []plan.StepID{u.images[creation.HookImage(u.want, sp.Service, h)]})...)
		u.Last().Finish, u.Last().OnFailure = finish, undo
		needs = []plan.StepID{id}
	}
	for _, sl := range starting {
		start := u.Step(sl.id + "/start")
		start.Needs = slices.Concat(start.Needs, needs)
	}
}

// madeAs addresses the slot's container before it starts.
func madeAs(sl *slot) engine.Ref {
	if sl.fate == recreate {
		return engine.Ref{Name: project.TemporaryName(sl.old.ID, sl.name)}
	}
	return sl.ref()
}

// emitPreStart runs the hooks before the first of the service's containers that
// are started, as up does. The result is what these starts need.
func (s *starter) emitPreStart(name string, starting []engine.Container, needs []plan.StepID) []plan.StepID {
	svc := s.service(name)
	if svc == nil {
		return needs
	}
	beside := slices.MinFunc(starting, func(a, b engine.Container) int { return cmp.Compare(a.Number, b.Number) })
	for i := range svc.PreStart {
		id := preStartID(name, i)
		needs = []plan.StepID{s.Add(id, creation.PreStart(s.want, svc, i, s.refs(svc), beside.Ref), "before the service starts", needs...)}
	}
	return needs
}

// refs are the containers that the service joins, by service.
func (s *starter) refs(svc *project.Service) map[string]engine.Ref {
	refs := map[string]engine.Ref{}
	for _, ns := range svc.Namespaces {
		if others := replicas(s.have, ns.Service); len(others) > 0 {
			refs[ns.Service] = slices.MinFunc(others, func(a, b engine.Container) int { return strings.Compare(a.Name, b.Name) }).Ref
		}
	}
	return refs
}

func preStartID(service string, index int) plan.StepID {
	return plan.StepID(fmt.Sprintf("%s/pre_start-%d", service, index))
}

// hookImages are the images that the plan's hooks of the service need.
func (u *up) hookImages(s *project.Service) []engine.ImageRef {
	if u.opt.NoStart {
		return nil
	}
	return creation.HookImages(u.want, s)
}

package up

import (
	"fmt"
	"slices"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// PlanStart is the plan that starts the services' containers that are there and
// do not run, and those of their dependencies, in the order and with the waits
// of up. It creates nothing. want may be nil.
func PlanStart(want *project.Project, have engine.Observed, opt StartOptions) (plan.Plan, error) {
	s := newStarter(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	s.wait, s.settle = opt.WaitTimeout, opt.Settle
	for _, name := range s.order(chosen) {
		svc := s.service(name)
		absent := len(replicas(s.have, name)) == 0 && !s.provided(name)
		active := want != nil && want.Service(name) != nil && want.Service(name).Replicas > 0
		if absent && (active || (svc == nil && len(opt.Services) > 0)) {
			pos := project.Position{}
			if svc != nil {
				pos = svc.Pos
			}
			s.Fail(pos, "service %q has no container to start", name)
		}
	}
	for _, name := range s.needs.Closure(s.order(chosen)...).Order() {
		s.startService(name)
	}
	if opt.Wait {
		for _, name := range s.order(chosen) {
			s.awaitTarget(name)
		}
	}
	return s.Plan(s.name)
}

// starter plans starts and restarts of containers that exist.
type starter struct {
	*stack
	wait, settle time.Duration
	up           map[string][]plan.StepID // by service, the steps after which it runs
	awaits       map[plan.StepID]bool
}

func newStarter(want *project.Project, have engine.Observed) *starter {
	return &starter{stack: newStack(want, have), up: map[string][]plan.StepID{}, awaits: map[plan.StepID]bool{}}
}

// startService starts or unpauses what does not run. If nothing of it runs, its
// pre_start hooks run first.
func (s *starter) startService(name string) {
	if s.provided(name) {
		a := plan.RunProvider{Project: s.want, Service: s.service(name), Verb: "up"}
		s.up[name] = []plan.StepID{s.Add(providerID(name), a, "its provider knows what there is to do", s.conditions(name)...)}
		return
	}
	cs := replicas(s.have, name)
	starting := slices.DeleteFunc(slices.Clone(cs), func(c engine.Container) bool { return !s.starts(c) })
	var needs []plan.StepID
	if len(starting) > 0 || slices.ContainsFunc(cs, func(c engine.Container) bool { return c.State == engine.Paused }) {
		needs = s.conditions(name)
	}
	if len(starting) > 0 && !slices.ContainsFunc(cs, func(c engine.Container) bool { return engine.Alive(c) && !s.starts(c) }) {
		needs = s.emitPreStart(name, starting, needs)
	}
	for _, c := range cs {
		id := containerStepID(s.name, c)
		switch {
		case s.starts(c):
			s.start(name, c, id, needs)
		case c.State == engine.Paused:
			s.up[name] = append(s.up[name], s.Add(id+"/unpause", plan.UnpauseContainer{Target: c.Ref}, "paused", needs...))
		case engine.Alive(c):
			s.Kept = append(s.Kept, c.Ref)
		}
	}
}

// starts reports whether the container is started: it does not run, or an
// earlier command still stops it.
func (s *starter) starts(c engine.Container) bool {
	_, stopping := s.have.IsStopping(c)
	return stopping || c.State == engine.Created || c.State == engine.Exited
}

func (s *starter) start(name string, c engine.Container, id plan.StepID, needs []plan.StepID) {
	needs = slices.Clone(needs)
	var ended plan.StepID
	if stopping, ok := s.have.IsStopping(c); ok {
		ended = s.Add(id+"/end", plan.AwaitEnd{Target: c.Ref, Service: name, Stopping: stopping}, plan.StillStopped)
		needs = append(needs, ended)
	}
	if svc := s.service(name); svc != nil {
		creation.CheckFiles(&s.Builder, s.want, svc, c.State != engine.Created)
		if files := creation.ContainerFiles(s.want, svc); len(files) > 0 {
			needs = append(needs, s.Add(id+"/copy", plan.CopyFiles{Target: c.Ref, Files: files}, "configs and secrets that are no host files", ended))
		}
	}
	started := s.Add(id+"/start", plan.StartContainer{Target: c.Ref, Service: name}, startedBecause(c), needs...)
	s.up[name] = append(s.up[name], s.postStart(name, c, id, started))
}

func startedBecause(c engine.Container) string {
	if engine.Alive(c) {
		return plan.StoppedEarlier
	}
	if c.State == engine.Created {
		return "created, but not started"
	}
	return fmt.Sprintf("exited with code %d", c.ExitCode)
}

// postStart runs the post_start hooks after a step; the result is the last one.
func (s *starter) postStart(name string, c engine.Container, id, after plan.StepID) plan.StepID {
	svc := s.service(name)
	if svc == nil {
		return after
	}
	for i, h := range svc.PostStart {
		run := plan.RunHook{Target: c.Ref, Service: name, Kind: "post_start", Index: i, Hook: h}
		after = s.Add(id+plan.StepID(fmt.Sprintf("/post_start-%d", i)), run, "it has started", after)
	}
	return after
}

// conditions are the steps that a start of the service waits for.
func (s *starter) conditions(name string) []plan.StepID {
	var needs []plan.StepID
	for _, d := range s.deps[name] {
		if d.Condition == project.Started || s.provided(d.Service) {
			needs = append(needs, s.up[d.Service]...)
			continue
		}
		required := d.Required || s.service(name) == nil
		needs = append(needs, s.await(d.Service, d.Condition, !required))
	}
	return needs
}

// await returns the step that waits for a condition of a service, or nothing if
// it is met or there is nothing to wait for.
func (s *starter) await(name string, condition plan.Condition, optional bool) plan.StepID {
	cs := replicas(s.have, name)
	a := plan.Await{Service: name, Condition: condition, Timeout: s.wait, Settle: s.settle, Optional: optional}
	healthy := len(s.up[name]) == 0 && condition != project.Completed
	for _, c := range cs {
		a.Targets = append(a.Targets, c.Ref)
		healthy = healthy && c.Health == engine.HealthHealthy && c.State == engine.Running
	}
	if svc := s.service(name); svc != nil && svc.Muster.Ready != nil {
		a.Ready, healthy = svc.Muster.Ready, false
	}
	if healthy || len(cs) == 0 {
		return ""
	}
	id, why := plan.StepID(name+"/"+plan.ConditionWords(condition)), "others depend on it"
	switch {
	case condition == plan.RunningOrHealthy:
		why = plan.Asked + "wait for it"
	case optional:
		id, why = id+"-optional", "others would like to have it"
	}
	if s.awaits[id] {
		return id
	}
	s.awaits[id] = true
	return s.Add(id, a, why, s.up[name]...)
}

// awaitTarget adds what --wait waits for.
func (s *starter) awaitTarget(name string) {
	condition := plan.RunningOrHealthy
	for _, deps := range s.deps {
		if slices.ContainsFunc(deps, func(d project.Dependency) bool { return d.Service == name && d.Condition == project.Completed }) {
			condition = project.Completed
		}
	}
	s.await(name, condition, false)
}

// PlanRestart is the plan that restarts the services' containers, and unless
// NoDeps those of the services that depend on them with restart: true,
// dependencies first, waiting for conditions in between. want may be nil.
func PlanRestart(want *project.Project, have engine.Observed, opt RestartOptions) (plan.Plan, error) {
	s := newStarter(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	why := map[string]string{}
	for name := range chosen {
		why[name] = plan.Asked + "restart it"
	}
	order := slices.DeleteFunc(s.needs.Order(), func(name string) bool { return !engine.Declares(want, name) })
	if !opt.NoDeps {
		for _, name := range order {
			for _, d := range s.deps[name] {
				if why[d.Service] != "" && d.Restart && why[name] == "" {
					why[name] = d.Service + " restarts, and it is to restart with it"
				}
			}
		}
	}
	for _, name := range order {
		if why[name] == "" {
			continue
		}
		for _, c := range replicas(s.have, name) {
			s.restart(name, c, why[name], opt)
		}
	}
	return s.Plan(s.name)
}

func (s *starter) restart(name string, c engine.Container, why string, opt RestartOptions) {
	if c.State == engine.Dead || c.State == engine.Removing {
		return
	}
	id := containerStepID(s.name, c)
	needs := s.conditions(name)
	if engine.Alive(c) {
		needs = stopHooks(&s.Builder, s.service(name), c, id, why, needs)
	}
	restarted := s.Add(id+"/restart", plan.RestartContainer{Target: c.Ref, Grace: opt.Timeout}, why, needs...)
	s.up[name] = append(s.up[name], s.postStart(name, c, id, restarted))
}

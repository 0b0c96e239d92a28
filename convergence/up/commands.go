package up

import (
	"cmp"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/emit"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// PlanStart is the plan that starts the services' containers that are there and
// do not run, and those of their dependencies, in the order and with the waits
// of up. It creates nothing. want may be nil.
func PlanStart(want *project.Project, have engine.Observed, opt StartOptions) (plan.Plan, error) {
	x, chosen, err := surveyForCommand(want, have, opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	x.decideStart(opt, chosen)
	c := newCommander(x, emit.Timing{Timeout: opt.WaitTimeout, Settle: opt.Settle})
	for _, sv := range x.Closure(chosen) {
		c.startService(sv)
	}
	if opt.Wait {
		for _, sv := range x.Order(chosen) {
			condition := plan.RunningOrHealthy
			if x.completes(sv) {
				condition = project.Completed
			}
			c.Await(sv, condition, false)
		}
	}
	return c.Plan(x.Name)
}

// PlanRestart is the plan that restarts the services' containers, and unless
// NoDeps those of the services that depend on them with restart: true,
// dependencies first, waiting for conditions in between. want may be nil.
func PlanRestart(want *project.Project, have engine.Observed, opt RestartOptions) (plan.Plan, error) {
	x, chosen, err := surveyForCommand(want, have, opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	restart := x.decideRestart(chosen, opt.NoDeps)
	c := newCommander(x, emit.Timing{Grace: opt.Timeout})
	for _, sv := range restart {
		c.restartService(sv)
	}
	return c.Plan(x.Name)
}

// PlanStop is the plan that stops the services' running containers, dependents
// first. Those that have ended are told of as stopped, those that never ran are
// not. want may be nil.
func PlanStop(want *project.Project, have engine.Observed, opt StopOptions) (plan.Plan, error) {
	x, chosen, err := surveyForCommand(want, have, opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	slots := x.decide(fate.Facts{Command: fate.CommandStop}, x.chosen(chosen))
	c := newCommander(x, emit.Timing{Grace: opt.Timeout})
	c.stopAll(slots, plan.Requested+"stop")
	c.runProviders("stop", plan.Requested+"stop", chosen, slots)
	p, err := c.planKeepGoing()
	for _, o := range x.chosen(chosen) {
		if o.State == engine.Exited || o.State == engine.Dead {
			p.Stopped = append(p.Stopped, o.Ref)
		}
	}
	return p, err
}

// PlanRemove is the plan of rm: it removes the services' containers that do not
// run, and with Stop the running ones too. want may be nil.
func PlanRemove(want *project.Project, have engine.Observed, opt RemoveOptions) (plan.Plan, error) {
	x, chosen, err := surveyForCommand(want, have, opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	slots := x.decide(fate.Facts{Command: fate.CommandRemove, EvenRunning: opt.Stop}, x.chosen(chosen))
	c := newCommander(x, emit.Timing{Grace: opt.Timeout})
	c.reserveRemovals(slots, opt.Volumes)
	c.stopAll(slots, plan.Requested+"stop")
	for _, sl := range slots {
		c.RemoveOld(sl, sl.Why, []*plan.Handle{sl.Stop})
	}
	if opt.Volumes {
		c.DropAnonymous(nil)
	}
	return c.planKeepGoing()
}

// PlanKill is the plan that sends a signal to the services' running containers,
// one-offs included, all at once. Containers of services that the file does not
// declare are left alone unless Orphans. want may be nil.
func PlanKill(want *project.Project, have engine.Observed, opt KillOptions) (plan.Plan, error) {
	x, chosen, err := surveyForCommand(want, have, opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	orphans := opt.Orphans && len(opt.Services) == 0
	var cs []*engine.Container
	for i := range x.Have.Containers {
		if o := &x.Have.Containers[i]; engine.Managed(*o) && (chosen[o.Service] || orphans) {
			cs = append(cs, o)
		}
	}
	c := newCommander(x, emit.Timing{})
	for _, sl := range x.decide(fate.Facts{Command: fate.CommandKill}, cs) {
		c.Add(sl.Of, "kill", plan.KillContainer{Target: sl.Old.Ref, Signal: cmp.Or(opt.Signal, "SIGKILL")}, sl.Why)
	}
	return c.planKeepGoing()
}

// PlanPause is the plan that freezes the services' running containers. want may
// be nil.
func PlanPause(want *project.Project, have engine.Observed, services []string) (plan.Plan, error) {
	return planEach(want, have, services, fate.CommandPause)
}

// PlanUnpause is the plan that thaws the services' paused containers. want may
// be nil.
func PlanUnpause(want *project.Project, have engine.Observed, services []string) (plan.Plan, error) {
	return planEach(want, have, services, fate.CommandUnpause)
}

func planEach(want *project.Project, have engine.Observed, services []string, what fate.Command) (plan.Plan, error) {
	x, chosen, err := surveyForCommand(want, have, services)
	if err != nil {
		return plan.Plan{}, err
	}
	c := newCommander(x, emit.Timing{})
	for _, sl := range x.decide(fate.Facts{Command: what}, x.chosen(chosen)) {
		if sl.Fate == fate.Pause {
			c.Add(sl.Of, "pause", plan.PauseContainer{Target: sl.Old.Ref}, sl.Why)
		} else {
			c.Add(sl.Of, "unpause", plan.UnpauseContainer{Target: sl.Old.Ref}, sl.Why)
		}
	}
	return c.Plan(x.Name)
}

package cmd

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/plugins"
)

// lock takes the project's lock. Whoever has to wait is told for whom.
func (s *session) lock(ctx context.Context, e engine.Engine, op operation) (release func(), err error) {
	if unlock, ok := s.takeLock(op.target.name); ok {
		return unlock, nil
	}
	opt := s.lockOptions(e, op.target.name, op.name)
	opt.Waiting = func(h lock.Holder) {
		if h.Self() { // beside it: a key of the menu, a file that changed
			return
		}
		s.printer.Info("waiting for project " + op.target.name + ": " + h.String() + " works on it")
	}
	return s.acquire(ctx, opt)
}

// apply applies a plan and shows the progress.
func (s *session) apply(ctx context.Context, e engine.Engine, op operation, plan plan.Plan) (failed error) {
	s.printer.Begin(op.name, plan)
	defer s.printer.End()
	defer acknowledge(ctx, &s.interrupts, s.printer)()
	opt := apply.ApplyOptions{
		Report: s.printer.Report, ImageLimit: max(0, s.global.parallel), EngineHealth: op.engineHealth,
		Want: op.target.project, HookOutput: s.hooks, Run: string(lock.ThisRun(s.held.Load())),
	}
	asked := s.askedCalls(e, op)
	opt.Asking = asked.begin
	defer asked.forget(op, &failed)
	var seen seenHealthy
	opt.Healthy = seen.add
	defer func() { seen.keep(s.lockOptions(e, op.target.name, op.name)) }()
	op.kept = map[engine.ImageRef]engine.Image{}
	opt.Kept = op.kept
	var answers providerAnswers
	opt.Provider = answers.listen(plugins.Providers{Env: s.app.Env}.Run)
	if p := op.target.project; p != nil {
		opt.Model = plugins.Models{Env: s.app.Env, Dir: p.Dir}.Prepare
	}
	if plan.Provisional && op.afterImages != nil {
		if err := apply.ApplyWith(ctx, plan.Images(), e, opt); err != nil {
			return err
		}
		op.plan = op.afterImages
		var err error
		if _, plan, err = s.planned(ctx, e, op); err != nil {
			return err
		}
		s.printer.Begin(op.name, plan)
	}
	if err := apply.ApplyWith(ctx, plan, e, opt); err != nil || len(answers.outdated) == 0 || op.afterProviders == nil {
		return err
	}
	op.plan = op.afterProviders(slices.Compact(sorted(answers.outdated)), answers.provided)
	_, plan, err := s.planned(ctx, e, op)
	if err != nil {
		return err
	}
	s.printer.Begin(op.name, plan)
	opt.Provided = answers.provided
	return apply.ApplyWith(ctx, plan, e, opt)
}

// providerAnswers are the variables that providers set, and the services that
// have others. Only when the programs have run can that be known.
type providerAnswers struct {
	mu       sync.Mutex
	provided map[string]map[string]string // by provided service
	outdated []string
}

type runProvider = func(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error)

// listen runs providers and keeps what they answer.
func (p *providerAnswers) listen(run runProvider) runProvider {
	p.provided = map[string]map[string]string{}
	return func(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error) {
		set, err := run(ctx, a, tell)
		if err == nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.provided[a.Service.Name] = set
			p.outdated = append(p.outdated, a.Outdated(set)...)
		}
		return set, err
	}
}

// preflight finds names and ports that the plan needs and others hold, before
// anything changes.
func (s *session) preflight(ctx context.Context, e engine.Engine, t target, p plan.Plan) error {
	if t.project == nil {
		return nil
	}
	all, err := e.ListContainers(ctx, engine.ContainerFilter{})
	if err != nil {
		return err
	}
	var listening []plan.Listener
	if e.Identity().Local {
		if ports := startedPorts(t, p); len(ports) > 0 {
			listening = host.Listeners(ports)
		}
	}
	var errs []error
	for _, c := range plan.Preflight(p, t.project, all, listening) {
		errs = append(errs, c)
	}
	return errors.Join(errs...)
}

// startedPorts are the fixed host ports of the services that the plan starts.
func startedPorts(t target, pl plan.Plan) []int {
	var ports []int
	for _, st := range pl.Steps {
		start, ok := st.Action.(plan.StartContainer)
		if !ok {
			continue
		}
		sv := t.project.Service(start.Service)
		if sv == nil {
			continue
		}
		for _, p := range sv.Spec.Ports {
			if n, err := strconv.Atoi(p.Published); err == nil {
				ports = append(ports, n)
			}
		}
	}
	return ports
}

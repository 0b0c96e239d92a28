package operation

import (
	"context"
	"errors"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
)

// attempt is an operation from an observation to the end. It is made again if
// the engine turns out to be another than observed.
type attempt struct {
	*Runner
	op     Operation
	dry    bool
	known  Known
	seen   *up.Observation // begun before, under the same lock; may be nil
	agreed map[string]bool // by question: the answers, which hold in every attempt
	// kept are images that came for one of several platforms of a tag.
	kept map[engine.ImageRef]engine.Image
}

func (a *attempt) run(ctx context.Context) error {
	have, p, err := a.plan(ctx)
	if err != nil {
		return err
	}
	if a.op.Conflicts && p.Changes() {
		if err := a.preflight(ctx, p); err != nil {
			return err
		}
	}
	if p.Empty() && a.op.Nothing != "" {
		a.Inform(a.op.Nothing)
	}
	if err := a.begin(ctx, have, p); err != nil {
		return err
	}
	return a.apply(ctx, p)
}

// begin tells whoever wants to know of a plan before it is applied.
func (a *attempt) begin(ctx context.Context, have engine.Observed, p plan.Plan) error {
	if a.op.Begin == nil {
		return nil
	}
	return a.op.Begin(ctx, have, p)
}

// plan is the plan for what is observed now. Its warnings are printed.
func (a *attempt) plan(ctx context.Context) (engine.Observed, plan.Plan, error) {
	have, err := a.observeAlone(ctx)
	if err != nil {
		return have, plan.Plan{}, err
	}
	if a.op.Conflicts {
		if err := a.check(ctx); err != nil {
			return have, plan.Plan{}, err
		}
	}
	p, err := a.decide(have.WithImages(a.kept))
	for _, w := range p.Warnings {
		a.Warn(w)
	}
	p.Warnings = nil
	return have, p, err
}

// check says what the engine cannot do of the services; it is an error if it can
// make no container of one.
func (a *attempt) check(ctx context.Context) error {
	made, err := a.op.Want.Select(a.op.Services...)
	if err != nil {
		return err
	}
	found, err := a.Engine.Check(ctx, made)
	if err != nil {
		return err
	}
	var refused []error
	for _, f := range found {
		if f.Refuses {
			refused = append(refused, errors.New(f.String()))
		} else {
			a.Warn(f.String())
		}
	}
	return errors.Join(refused...)
}

// decide plans, asks what there is to ask, and plans with the answer. A question
// is asked once: the answer holds whenever a plan asks the same, and a plan that
// asks for more asks again.
func (a *attempt) decide(have engine.Observed) (plan.Plan, error) {
	known := a.known
	p, err := a.op.Plan(have, known)
	if err != nil || a.op.Ask == nil {
		return p, err
	}
	question := a.op.Question(p)
	if question == "" {
		return p, nil
	}
	agreed, asked := a.agreed[question]
	if !asked {
		if agreed, err = a.op.Ask(question); err != nil {
			return plan.Plan{}, err
		}
		a.agreed[question] = agreed
	}
	if !agreed {
		return p, nil
	}
	known.Agreed = true
	return a.op.Plan(have, known)
}

// apply applies a plan and shows the progress.
func (a *attempt) apply(ctx context.Context, p plan.Plan) (failed error) {
	a.Reporter.Begin(a.op.Name, p)
	defer a.Reporter.End()
	defer a.Acknowledge(ctx)()
	calls := a.pendingCalls()
	defer calls.forget(a.op, &failed)
	var seen seenHealthy
	defer func() { seen.keep(a.Place(a.op.Project, a.op.Name)) }()
	var answers providerAnswers
	a.kept = map[engine.ImageRef]engine.Image{}
	opt := apply.ApplyOptions{
		Feed: a.op.Feed, Report: a.Reporter.Report, ImageLimit: a.ImageLimit, EngineHealth: a.op.EngineHealth,
		Want: a.op.Want, HookOutput: a.HookOutput, Run: string(lock.ThisRun(a.Held())),
		OnCall: calls.begin, Healthy: seen.add, Kept: a.kept, Provider: answers.listen(a.Provider),
	}
	if a.op.Want != nil {
		opt.Model = a.Model(a.op.Want.Dir)
	}
	if p.Provisional && a.op.Replans {
		if err := apply.ApplyWith(ctx, p.Images(), a.Engine, opt); err != nil {
			return err
		}
		a.known.Images = true
		var err error
		if p, err = a.again(ctx); err != nil {
			return err
		}
	}
	if err := apply.ApplyWith(ctx, p, a.Engine, opt); err != nil || len(answers.outdated) == 0 || !a.op.Replans {
		return err
	}
	a.known = Known{Images: true, Provided: answers.provided, Outdated: answers.services()}
	p, err := a.again(ctx)
	if err != nil {
		return err
	}
	opt.Provided = answers.provided
	return apply.ApplyWith(ctx, p, a.Engine, opt)
}

// again plans with what is known by now.
func (a *attempt) again(ctx context.Context) (plan.Plan, error) {
	have, p, err := a.plan(ctx)
	if err == nil {
		err = a.begin(ctx, have, p)
	}
	if err == nil {
		a.Reporter.Begin(a.op.Name, p)
	}
	return p, err
}

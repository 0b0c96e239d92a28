package operation

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/project"
)

// Operation is a command that plans and applies: up, down, start and the like.
type Operation struct {
	Name    string // in the header of the live view
	Project string
	Want    *project.Project // nil if no file was loaded
	// Services are those named on the command line, if any were.
	Services []string
	Plan     Planner
	// Replans says that Plan is asked again once it is known what only the first
	// steps of a plan bring to light.
	Replans bool
	// Question is what people must agree to before the plan is applied; empty is
	// nothing. Nil asks nothing.
	Question func(plan.Plan) string
	// Ask asks it. Whoever does not agree gets the plan without consent; an error
	// ends the operation.
	Ask func(question string) (agreed bool, err error)
	// EngineHealth leaves readiness to the engine's own health checks.
	EngineHealth bool
	// Recalls reckons with what earlier commands asked of the engine: what it leaves
	// running goes on running.
	Recalls bool
	// After are the calls of earlier commands, by their verbs, that would undo it:
	// it begins when the engine is done with them.
	After []string
	// Begin is called when it is known what will be done and that it can be,
	// before anything changes; nil does nothing. An operation that starts over
	// calls it again.
	Begin func(ctx context.Context, have engine.Observed, p plan.Plan) error
	// Conflicts looks for what would make the plan fail half-way.
	Conflicts bool
	// Nothing is said if the plan is empty.
	Nothing string
}

// Planner makes a plan of what is observed and of what is known besides. It is
// pure: it asks nobody, and tells nobody.
type Planner func(have engine.Observed, known Known) (plan.Plan, error)

// Known is what came to light since an operation began.
type Known struct {
	Agreed bool // people agree to what the plan without their consent asks for
	Images bool // the images of a provisional plan are there
	// Provided are the variables that providers set, by service, and Outdated the
	// services that were made with others.
	Provided map[string]map[string]string
	Outdated []string
}

// Reporter shows people the progress of an operation.
type Reporter interface {
	Begin(operation string, p plan.Plan)
	Report(engine.Progress)
	Info(text string)
	End()
}

// Runner runs operations with the parts that it is given.
type Runner struct {
	Engine engine.Engine
	// Listening are those of the ports that something on this host listens on.
	Listening func(ports []int) []plan.Listener

	Reporter Reporter
	// Inform says what came of an operation, and Warn what is said once.
	Inform, Warn func(text string)
	// Acknowledge says at once that the end of ctx was heard, although what the
	// engine was asked for is waited for. What it returns ends that.
	Acknowledge func(ctx context.Context) (done func())

	// Place is where the locks and notes of an operation of that name are.
	Place func(project, operation string) lock.Options
	// Acquire takes the lock of a project, and Held is the one that was taken last;
	// nil is none.
	Acquire func(ctx context.Context, opt lock.Options) (release func(), err error)
	Held    func() *lock.Lock
	// Ahead is what was begun before the project was loaded; nil is nothing.
	Ahead *Ahead

	ImageLimit int // pulls and builds at the same time; zero is any number
	// HookOutput shows what hooks print; nil drops it.
	HookOutput func(plan.RunHook) io.WriteCloser
	// Provider and Model run the programs of others; see apply.ApplyOptions.
	Provider func(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error)
	Model    func(folder string) func(ctx context.Context, a plan.PrepareModel, tell func(string)) error
}

// Run observes, plans and applies under the project's lock.
func (r *Runner) Run(ctx context.Context, op Operation) error {
	release, err := r.lock(ctx, op)
	if err != nil {
		return err
	}
	defer release()
	agreed := map[string]bool{}
	for pause := firstPause; ; pause *= 2 {
		a := &attempt{Runner: r, op: op, agreed: agreed}
		err := a.run(ctx)
		if pause > longestPause || !errors.Is(err, engine.ErrStale) {
			return err
		}
		r.Reporter.Info("calls of an earlier run took effect only now: looking again")
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// The pauses before an operation is begun again on an engine that changed under
// it. Nothing announces the late calls of a run that was killed, so that there
// is nothing to wait for but time.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 3 * time.Second
)

// Plan is the plan of an operation that is not going to be applied: nobody is
// locked out, waited for or asked.
func (r *Runner) Plan(ctx context.Context, op Operation) (plan.Plan, error) {
	op.Ask = nil
	a := &attempt{Runner: r, op: op, dry: true}
	_, p, err := a.plan(ctx)
	return p, err
}

// attempt is an operation from an observation to the end. It is made again if
// the engine turns out to be another than observed.
type attempt struct {
	*Runner
	op     Operation
	dry    bool
	known  Known
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
	if a.op.Begin != nil {
		if err := a.op.Begin(ctx, have, p); err != nil {
			return err
		}
	}
	return a.apply(ctx, p)
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
	calls := a.askedCalls()
	defer calls.forget(a.op, &failed)
	var seen seenHealthy
	defer func() { seen.keep(a.Place(a.op.Project, a.op.Name)) }()
	var answers providerAnswers
	a.kept = map[engine.ImageRef]engine.Image{}
	opt := apply.ApplyOptions{
		Report: a.Reporter.Report, ImageLimit: a.ImageLimit, EngineHealth: a.op.EngineHealth,
		Want: a.op.Want, HookOutput: a.HookOutput, Run: string(lock.ThisRun(a.Held())),
		Asking: calls.begin, Healthy: seen.add, Kept: a.kept, Provider: answers.listen(a.Provider),
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
	_, p, err := a.plan(ctx)
	if err == nil {
		a.Reporter.Begin(a.op.Name, p)
	}
	return p, err
}

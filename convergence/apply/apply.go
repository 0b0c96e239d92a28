package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/project"
)

// DefaultLimit is how many changing calls Apply has with the engine at the same
// time unless told otherwise. More only make the engine's own locks longer.
const DefaultLimit = 12

const (
	// finishTime is how much longer than its context a call that changes
	// something may take: nobody could tell whether a call cut off was done.
	finishTime = time.Minute
	// restoreTime bounds what is done after a step failed.
	restoreTime = time.Minute
	// stopOccupies is how long a stop keeps its place among the calls; after that
	// the engine just waits for the container to end.
	stopOccupies = time.Second
)

// ApplyOptions are the choices of ApplyWith. The zero value is fine.
type ApplyOptions struct {
	// Feed is read by whatever waits; nil makes one for this plan if it waits at all.
	Feed *feed.Feed
	// Report is told of progress, by one goroutine at a time; nil tells nobody.
	Report func(engine.Progress)
	// Kept, if set, receives the images of tags that several platforms share as they
	// come: with an engine that keeps one image per tag the next takes the name.
	Kept map[engine.ImageRef]engine.Image
	// Limit bounds the changing calls at the same time; zero is DefaultLimit.
	// Waits, hooks, pulls and builds do not count.
	Limit int
	// ImageLimit bounds the pulls and builds at the same time; zero is none.
	ImageLimit int
	// OnCall is told of each call that makes a container or changes whether it runs, before the
	// engine is asked for it; what it returns is called once the engine has answered.
	// Of one that was interrupted it never is: the engine goes on with it. Nil is not
	// told.
	OnCall func(engine.PendingCall) (done func())
	// Healthy is told of each run of a container that our own look found healthy
	// before the engine did; nil is not. It may be called at any time.
	Healthy func(c engine.Ref, run time.Time)
	// EngineHealth leaves readiness to the engine's own health checks.
	EngineHealth bool
	// Want is the project that the plan was made for, if there is a file: errors
	// then say where in it their cause stands.
	Want *project.Project
	// HookOutput says where the output of a hook goes; nil drops it. Of a hook
	// that fails the error holds the end of it.
	HookOutput func(plan.RunHook) io.WriteCloser
	// Run names this run in the labels of the containers that it makes; see
	// Observed.Unfinished. Empty names none.
	Run string
	// Model has a model pulled and configured; tell is told how it gets on.
	Model func(ctx context.Context, a plan.PrepareModel, tell func(string)) error
	// Provided are the variables that providers set before, by service.
	Provided map[string]map[string]string
	// Provider runs the program of a provided service and returns the variables
	// that it sets for dependents; tell is told how it gets on. Nil refuses. With
	// plan.ErrNoProgram nothing is stopped or taken down, which is warned of.
	Provider func(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error)
}

// Apply does the plan. Only the success of a step releases those that need it.
// After the first failure no other step starts, save those with Finish, unless
// the plan keeps going; steps already running finish, waits end. When ctx is
// cancelled it is the same, and what was begun on the engine may take a few
// seconds to finish.
//
// The error joins, in the order of the plan, a *StepError for each step that
// failed; it begins with the cause of the cancellation if there was one. Steps
// that did not run are reported as Skipped.
func Apply(ctx context.Context, p plan.Plan, e engine.Engine, f *feed.Feed, report func(engine.Progress)) error {
	return ApplyWith(ctx, p, e, ApplyOptions{Feed: f, Report: report})
}

// ApplyWith is Apply with all its choices.
func ApplyWith(ctx context.Context, p plan.Plan, e engine.Engine, opt ApplyOptions) error {
	g, err := p.Graph()
	if err != nil {
		return fmt.Errorf("apply plan of %s: %w", p.Project, err)
	}
	r := newRun(ctx, p, e, opt)
	defer r.close()
	for _, c := range p.Unchanged {
		r.reporter.tell(engine.Progress{ID: plan.ContainerObject(c), Phase: engine.Done, Text: "Running"})
	}
	for _, c := range p.Stopped {
		r.reporter.tell(engine.Progress{ID: plan.ContainerObject(c), Phase: engine.Done, Text: "Stopped"})
	}
	// The walk itself is never cancelled: steps with Finish must still start.
	err = g.Walk(context.WithoutCancel(ctx), 0, func(_ context.Context, id plan.StepID) error { return r.visit(ctx, id) })
	if err == nil {
		return nil
	}
	r.discard(ctx)
	return r.result(ctx, g.Order())
}

// run is one application of a plan.
type run struct {
	plan     plan.Plan
	engine   engine.Engine
	opt      ApplyOptions
	reporter *reporter
	began    time.Time
	steps    map[plan.StepID]plan.Step
	begun    map[plan.StepID]bool // leaves something apart that a Finish step completes
	feed     *feed.Feed
	release  func() // of a feed of our own
	calls    semaphore
	pulls    semaphore
	halt     context.Context // of waits: ends with the first failure
	fail     context.CancelCauseFunc

	images sync.Mutex // one lookup at a time, so that each image is asked for once
	local  map[engine.ImageRef]engine.Image
	shared map[string]bool // tags that steps bring for several platforms

	mu      sync.Mutex
	ids     map[string]string    // of containers made by the plan, by name
	started map[string]time.Time // when the plan started a container, by Ref.Key
	done    map[plan.StepID]bool
	failed  map[plan.StepID]*StepError
	skipped map[plan.StepID]bool
	// provided are the variables that providers set, by service.
	provided map[string]map[string]string
	first    plan.StepID // the step that failed first
}

func newRun(ctx context.Context, p plan.Plan, e engine.Engine, opt ApplyOptions) *run {
	limit := opt.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	r := &run{
		plan: p, engine: e, opt: opt, reporter: newReporter(p, opt.Report), began: time.Now(),
		steps: make(map[plan.StepID]plan.Step, len(p.Steps)), begun: map[plan.StepID]bool{}, feed: opt.Feed,
		calls: newSemaphore(limit), pulls: newSemaphore(opt.ImageLimit), local: map[engine.ImageRef]engine.Image{},
		provided: maps.Clone(opt.Provided), ids: map[string]string{}, started: map[string]time.Time{},
		done: map[plan.StepID]bool{}, failed: map[plan.StepID]*StepError{}, skipped: map[plan.StepID]bool{},
	}
	if r.provided == nil {
		r.provided = map[string]map[string]string{}
	}
	r.halt, r.fail = context.WithCancelCause(ctx)
	r.track(ctx)
	maps.Copy(r.local, opt.Kept)
	r.shared = sharedTags(p)
	for _, s := range p.Steps {
		r.steps[s.ID] = s
		r.begun[s.ID] = r.begun[s.ID] || len(s.OnFailure) > 0
		if s.Finish {
			for _, n := range s.Needs {
				r.begun[n] = true
			}
		}
	}
	return r
}

// track subscribes to events as soon as possible if the plan waits, so that the
// subscription stands by the time it is needed.
func (r *run) track(ctx context.Context) {
	for _, s := range r.plan.Steps {
		if !s.Action.About().Tracks {
			continue
		}
		r.feed, r.release = feed.Use(context.WithoutCancel(ctx), r.feed, r.plan.Project, r.engine)
		r.feed.Begin()
		return
	}
}

func (r *run) close() {
	r.fail(nil)
	if r.release != nil {
		r.release()
	}
}

// errNotRun marks a step that was released but must not start any more.
var errNotRun = errors.New("not run")

// visit does one step whose needs have all succeeded.
func (r *run) visit(ctx context.Context, id plan.StepID) error {
	s := r.steps[id]
	free, err := r.acquire(s)
	if err != nil {
		r.skip(id)
		return err
	}
	defer free()
	r.reporter.begin(s)
	if err := r.do(ctx, s); err != nil {
		if errors.Is(err, errKept) { // which was said instead of the usual word
			r.succeed(id)
			return nil
		}
		if s.Action.About().Class == plan.ClassWait && errors.Is(err, errNotRun) {
			r.skip(id)
			return err
		}
		return r.failure(ctx, s, err)
	}
	r.succeed(id)
	r.reporter.done(s)
	return nil
}

func (r *run) succeed(id plan.StepID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done[id] = true
}

// do calls the action with the context that its nature asks for.
func (r *run) do(ctx context.Context, s plan.Step) error {
	switch s.Action.About().Class {
	case plan.ClassWait:
		if s.Finish {
			ctx = context.WithoutCancel(ctx)
			break
		}
		ctx = r.halt
	case plan.ClassImage, plan.ClassProgram:
		if s.Finish {
			ctx = context.WithoutCancel(ctx)
		}
	case plan.ClassRestart:
		ctx = context.WithoutCancel(ctx)
	case plan.ClassStop:
		// The engine goes on stopping without us; but where the plan must put
		// things together again, the end has to be waited for.
		if s.Finish || r.begun[s.ID] {
			ctx = context.WithoutCancel(ctx)
		}
	default:
		if s.Finish {
			ctx = context.WithoutCancel(ctx)
		}
		var cancel context.CancelFunc
		ctx, cancel = outlive(ctx, finishTime)
		defer cancel()
	}
	return r.act(ctx, s.Action, s.ID)
}

func (r *run) skip(id plan.StepID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped[id] = true
}

// failure puts back what can be, and ends what has not begun.
func (r *run) failure(ctx context.Context, s plan.Step, err error) error {
	if !r.plan.KeepGoing {
		r.fail(errNotRun)
	}
	failed := r.explain(ctx, s, err)
	failed.restore(ctx, r, s)
	r.mu.Lock()
	r.failed[s.ID] = failed
	if r.first == "" {
		r.first = s.ID
	}
	r.mu.Unlock()
	r.reporter.failed(s, failed, ctx.Err() != nil && errors.Is(err, context.Cause(ctx)))
	return failed
}

package foreground

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// follower shows what containers say, and reports their exits.
type follower struct {
	engine  output.Followed // which cannot change anything
	project *project.Project
	feed    *feed.Feed
	scope   Scope
	logs    *ui.Logs
	printer ui.Printer
	out     io.Writer

	exits    chan output.Output
	begun    chan struct{} // closed when it is known what up will do, before anything changes
	standing chan struct{} // closed when everything that happens is followed
	keepOpen chan struct{} // closed when following may end
	freed    bool
	final    atomic.Bool            // whoever ends now is not started again
	only     atomic.Pointer[string] // the one service whose output is shown; nil is all of scope.shown
}

func newFollower(opt Options) *follower {
	return &follower{
		engine: opt.Engine, project: opt.Project, feed: opt.Feed, scope: opt.Scope, logs: opt.Logs, printer: opt.Printer, out: opt.Out,
		exits: make(chan output.Output), begun: make(chan struct{}), standing: make(chan struct{}), keepOpen: make(chan struct{}),
	}
}

// begin attaches to what the plan starts and to what runs, before anything
// changes: nothing that is said is lost.
func (f *follower) begin(ctx context.Context, have engine.Observed, p plan.Plan) error {
	if f.hasBegun() {
		return nil
	}
	names := f.names(have, p)
	f.logs.Announce(names...)
	if len(names) > 0 {
		var err error
		f.printer.Around(func() { err = ui.PrintLine(f.out, "Attaching to "+strings.Join(names, ", ")) })
		if err != nil {
			return err
		}
	}
	close(f.begun)
	select {
	case <-f.standing:
		return nil
	case <-ctx.Done(): // also when following fails
		return context.Cause(ctx)
	}
}

// hasBegun reports whether anything may have been changed.
func (f *follower) hasBegun() bool {
	select {
	case <-f.begun:
		return true
	default:
		return false
	}
}

// names are those of the containers whose output is going to be shown, sorted.
func (f *follower) names(have engine.Observed, p plan.Plan) []string {
	var cs []engine.Container
	objects := p.Objects()
	for _, st := range p.Steps {
		if about := st.Action.About(); about.Starts {
			name := strings.TrimPrefix(objects[st.ID], "Container ")
			cs = append(cs, engine.Container{Ref: engine.Ref{Name: name}, Service: about.Service})
		}
	}
	for _, ref := range p.Unchanged {
		if c, ok := have.Container(ref.Key()); ok {
			cs = append(cs, c)
		}
	}
	cs = slices.DeleteFunc(cs, func(c engine.Container) bool { return !slices.Contains(f.scope.shown, c.Service) })
	return slices.Compact(slices.Sorted(slices.Values(ui.LogNames(f.project.Name, cs))))
}

// follow works from the begin of up until those that up is attached to are gone.
func (f *follower) follow(ctx context.Context) error {
	select {
	case <-f.begun:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	opt := output.FollowOptions{
		Project: f.project.Name, Want: f.project, Feed: f.feed, KeepOpen: f.keepOpen, Standing: func() { close(f.standing) }, Final: f.final.Load,
		Unlogged: func(c engine.Container) bool {
			sv := f.project.Service(c.Service)
			return sv != nil && sv.Spec.Logging != nil && sv.Spec.Logging.Driver == "none"
		},
		Select: func(c engine.Container) bool { return !c.OneOff && f.scope.follows(c.Service) },
		Awaits: func(c engine.Container) bool { return slices.Contains(f.scope.attached, c.Service) },
	}
	return output.Follow(ctx, f.engine, opt, func(o output.Output) error {
		if f.shows(o.Container.Service) {
			if err := f.logs.Output(o); err != nil {
				return err
			}
		}
		if o.Exit == nil || !slices.Contains(f.scope.attached, o.Container.Service) {
			return nil
		}
		select {
		case f.exits <- o:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// shows reports whether the output of a service is shown now.
func (f *follower) shows(service string) bool {
	if only := f.only.Load(); only != nil {
		return service == *only
	}
	return slices.Contains(f.scope.shown, service)
}

// pastLines is how many lines of the past are shown of a service that is chosen.
const pastLines = 20

// showOnly shows the output of one service, from a little before.
func (f *follower) showOnly(ctx context.Context, service string) error {
	f.only.Store(&service)
	cs, err := replicas(ctx, f.engine, f.project, service)
	if err != nil {
		return err
	}
	_, err = output.Merge(ctx, f.engine, cs, engine.LogOptions{Tail: pastLines, Timestamps: true}, func(i int, l engine.LogLine) error {
		return f.logs.Output(output.Output{Container: cs[i], Line: l})
	})
	return err
}

// showAll shows what was chosen on the command line.
func (f *follower) showAll() { f.only.Store(nil) }

// release lets following end.
func (f *follower) release() {
	if !f.freed {
		f.freed = true
		close(f.keepOpen)
	}
}

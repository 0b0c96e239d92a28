package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// begin attaches to what the plan starts and to what runs, before anything
// changes: nothing that is said is lost.
func (a *attached) begin(ctx context.Context, have engine.Observed, plan plan.Plan) error {
	if a.hasBegun() {
		return nil
	}
	names := a.attachNames(have, plan)
	a.logs.Announce(names...)
	if len(names) > 0 {
		var err error
		a.printer.Around(func() { err = ui.PrintLine(a.Out, "Attaching to "+strings.Join(names, ", ")) })
		if err != nil {
			return err
		}
	}
	close(a.begun)
	select {
	case <-a.standing:
		return nil
	case <-ctx.Done(): // also when following fails
		return context.Cause(ctx)
	}
}

// attachNames are the containers whose output is going to be shown, sorted.
func (a *attached) attachNames(have engine.Observed, p plan.Plan) []string {
	var cs []engine.Container
	objects := p.Objects()
	for _, st := range p.Steps {
		if start, ok := st.Action.(plan.StartContainer); ok {
			name := strings.TrimPrefix(objects[st.ID], "Container ")
			cs = append(cs, engine.Container{Ref: engine.Ref{Name: name}, Service: start.Service})
		}
	}
	for _, ref := range p.Unchanged {
		if c, ok := have.Container(ref.Key()); ok {
			cs = append(cs, c)
		}
	}
	cs = slices.DeleteFunc(cs, func(c engine.Container) bool { return !slices.Contains(a.scope.shown, c.Service) })
	names := sorted(ui.LogNames(a.op.Project, cs))
	return slices.Compact(names)
}

// follow shows output and reports exits until those that up is attached to are
// gone.
func (a *attached) follow(ctx context.Context) error {
	unlogged := func(c engine.Container) bool {
		sv := a.op.Want.Service(c.Service)
		return sv != nil && sv.Spec.Logging != nil && sv.Spec.Logging.Driver == "none"
	}
	opt := output.FollowOptions{
		Project: a.op.Project, Want: a.op.Want, Unlogged: unlogged, Hold: a.hold, Standing: func() { close(a.standing) }, Final: a.final.Load,
		Select: func(c engine.Container) bool { return !c.OneOff && a.scope.follows(c.Service) },
		Awaits: func(c engine.Container) bool { return slices.Contains(a.scope.attached, c.Service) },
	}
	return output.Follow(ctx, a.engine, opt, func(o output.Output) error {
		if a.shows(o.Container.Service) {
			if err := a.logs.Output(o); err != nil {
				return err
			}
		}
		if o.Exit == nil || !slices.Contains(a.scope.attached, o.Container.Service) {
			return nil
		}
		select {
		case a.exits <- o:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

package operation

import (
	"context"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
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
	// before anything changes; nil does nothing. An operation that starts over or
	// plans again on the way calls it again.
	Begin func(ctx context.Context, have engine.Observed, p plan.Plan) error
	// Conflicts looks for what would make the plan fail half-way.
	Conflicts bool
	// Nothing is said if the plan is empty.
	Nothing string
	// Feed is read for what happens; nil makes one for the operation.
	Feed *feed.Feed
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

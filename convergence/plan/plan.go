package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/engine"
)

// StepID names a step within its plan: "web-1/start", "network back/create".
type StepID string

// Step is one action of a plan.
type Step struct {
	ID     StepID
	Needs  []StepID // sorted; only their success releases the step
	Action Action
	Reason string // why, in words a user can read
	// Destroys names data or state that is lost by the step; empty if none is.
	Destroys string
	// OnFailure is done, in order, if the step fails, before the failure is
	// reported: it puts back what the plan had taken away.
	OnFailure []Action
	// Finish says that the step completes what a step it needs has begun, such
	// as starting the successor of a container already stopped. Once all it
	// needs has succeeded it runs even if another step failed meanwhile or the
	// operation was asked to stop, so that nothing is left taken apart.
	Finish bool
}

// Action is one change, start, wait or stop. The set is closed: act does them.
type Action interface {
	// String says what is done, for the plan: "stop web-1".
	String() string
	// About says what else there is to know of it.
	About() About
}

// Plan is an acyclic list of steps in an order in which they can be done.
type Plan struct {
	Project string
	Steps   []Step
	// Unchanged are the running containers that stay as they are.
	Unchanged []engine.Ref
	// Stopped are the containers that were to be stopped and have ended before.
	Stopped []engine.Ref
	// Warnings are remarks that a person should read: orphans, foreign volumes.
	Warnings []string
	// Diverged are the volumes that are defined otherwise now and kept all the
	// same, by name: making them anew, as UpOptions.RecreateVolumes does, destroys
	// their data.
	Diverged []string
	// Provisional says that pulls or builds of the plan may replace the image of
	// a container that the plan keeps. Whoever wants the container on the new
	// image at once applies Images first, observes again, and plans again with
	// UpOptions.ImagesReady.
	Provisional bool
	// KeepGoing says that a failed step stops only the steps that need it, as
	// when a project is taken down. Otherwise no step starts after a failure.
	KeepGoing bool
}

// Requested begins the reason of a step that somebody wants by name: no news to them.
const Requested = "asked to "

// Images is the part of the plan that pulls and builds images; the rest of the
// plan waits for it.
func (p Plan) Images() Plan {
	images := Plan{Project: p.Project}
	for _, s := range p.Steps {
		if s.Action.About().Class == ClassImage { // needs other image steps only
			images.Steps = append(images.Steps, s)
		}
	}
	return images
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// Changes reports whether the plan changes anything on the engine: waits alone do not.
func (p Plan) Changes() bool {
	for _, s := range p.Steps {
		if s.Action.About().Class != ClassWait {
			return true
		}
	}
	return false
}

// Graph is the dependency graph of the steps. An invalid plan is a programming
// error and is reported as one.
func (p Plan) Graph() (*depgraph.Graph[StepID], error) {
	needs := make(map[StepID][]StepID, len(p.Steps))
	for _, s := range p.Steps {
		if _, twice := needs[s.ID]; twice {
			return nil, fmt.Errorf("plan has two steps %s", s.ID)
		}
		needs[s.ID] = s.Needs
	}
	return depgraph.New(needs)
}

// Objects says under which ID the progress of each step is reported. It is the
// action's Object, except that a container which replaces another has its final
// name from the beginning.
func (p Plan) Objects() map[StepID]string {
	final := map[string]string{}
	for _, s := range p.Steps {
		if about := s.Action.About(); about.Predecessor.Name != "" {
			final[ContainerObject(engine.Ref{Name: about.Creates.Name})] = about.Object
		}
	}
	objects := make(map[StepID]string, len(p.Steps))
	for _, s := range p.Steps {
		id := s.Action.About().Object
		objects[s.ID] = cmp.Or(final[id], id)
	}
	return objects
}

// String is the plan as people and golden files see it: a line per step with
// what it waits for, what it does and why, in columns.
func (p Plan) String() string {
	var id, act int
	rows := make([][3]string, len(p.Steps))
	for i, s := range p.Steps {
		head := string(s.ID)
		if len(s.Needs) > 0 {
			needs := make([]string, len(s.Needs))
			for j, n := range s.Needs {
				needs[j] = string(n)
			}
			head += " ← " + strings.Join(needs, ", ")
		}
		why := s.Reason
		if s.Destroys != "" {
			why += " (destroys " + s.Destroys + ")"
		}
		rows[i] = [3]string{Plain(head), Plain(s.Action.String()), Plain(why)} // a line each, whatever names hold
		id, act = max(id, len([]rune(head))), max(act, len([]rune(rows[i][1])))
	}
	var b strings.Builder
	for i, r := range rows {
		fmt.Fprintf(&b, "%s%s  %s%s  %s\n", r[0], pad(r[0], id), r[1], pad(r[1], act), r[2])
		for _, a := range p.Steps[i].OnFailure {
			fmt.Fprintf(&b, "    if it fails: %s\n", Plain(a.String()))
		}
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", Plain(w))
	}
	return b.String()
}

func pad(s string, width int) string { return strings.Repeat(" ", max(0, width-len([]rune(s)))) }

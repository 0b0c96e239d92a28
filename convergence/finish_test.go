package convergence_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// leftApart are the steps that would leave a container stopped after a failure
// elsewhere: they come after its stop, and the start with Finish that brings it back
// needs them, but they have no Finish themselves, so that neither they nor the start
// would be done. Waits, stops, and what is done to the containers of other services
// are no such steps, nor is what only those need: the start depends on them, and a
// plan may give up on them.
func leftApart(p plan.Plan) []string {
	steps := map[plan.StepID]plan.Step{}
	before := map[plan.StepID]map[plan.StepID]bool{} // all that a step needs, directly or not
	for _, s := range p.Steps {
		steps[s.ID], before[s.ID] = s, map[plan.StepID]bool{}
		for _, n := range s.Needs {
			before[s.ID][n] = true
			maps.Copy(before[s.ID], before[n])
		}
	}
	var left []string
	objects := p.Objects()
	for _, start := range p.Steps {
		if _, starts := start.Action.(plan.StartContainer); !starts || !start.Finish {
			continue
		}
		own := ownNeeds(start, steps, objects)
		for _, stop := range p.Steps {
			_, stops := stop.Action.(plan.StopContainer)
			if !stops || objects[stop.ID] != objects[start.ID] || path.Dir(string(stop.ID)) != path.Dir(string(start.ID)) {
				continue // it may also have the name that another one gives up
			}
			for _, s := range p.Steps {
				if own[s.ID] && !before[stop.ID][s.ID] && !s.Finish {
					left = append(left, fmt.Sprintf("%s may be left out between %s and %s: it has no Finish", s.ID, stop.ID, start.ID))
				}
			}
		}
	}
	return left
}

// ownNeeds are the steps that the start needs for its own container's sake.
func ownNeeds(start plan.Step, steps map[plan.StepID]plan.Step, objects map[plan.StepID]string) map[plan.StepID]bool {
	own := map[plan.StepID]bool{}
	for todo := slices.Clone(start.Needs); len(todo) > 0; todo = todo[1:] {
		s := steps[todo[0]]
		about := s.Action.About()
		others := strings.HasPrefix(objects[s.ID], "Container ") && objects[s.ID] != objects[start.ID] &&
			about.Service != start.Action.About().Service
		if own[s.ID] || others || about.Class == plan.ClassWait || about.Class == plan.ClassStop {
			continue
		}
		own[s.ID] = true
		todo = append(todo, s.Needs...)
	}
	return own
}

// TestLeftApart: what is put between a stop and the start that finishes it has to
// finish, too.
func TestLeftApart(t *testing.T) {
	web, successor := engine.Ref{ID: "1", Name: "web-1"}, engine.Ref{Name: "1_web-1"}
	create := plan.CreateContainer{Replaces: web, Spec: engine.CreateSpec{
		Name: successor.Name, Service: &project.Service{Name: "web"},
	}}
	for _, between := range []struct {
		name string
		step plan.Step
		left bool
	}{
		{"a hook", plan.Step{Action: plan.RunHook{Target: engine.Ref{Name: "web-pre_start"}, Service: "web"}}, true},
		{"a hook of another", plan.Step{Action: plan.RunHook{Target: engine.Ref{Name: "db-1"}, Service: "db"}}, false},
		{"a volume", plan.Step{Action: plan.RemoveVolume{Name: "data"}}, true},
		{"a copy", plan.Step{Action: plan.CopyFiles{Target: successor}}, true},
		{"a copy that finishes", plan.Step{Action: plan.CopyFiles{Target: successor}, Finish: true}, false},
		{"a wait", plan.Step{Action: plan.Await{Service: "db"}}, false},
		{"a stop of another", plan.Step{Action: plan.StopContainer{Target: engine.Ref{Name: "db-1"}}}, false},
	} {
		step := between.step
		step.ID, step.Needs = "between", []plan.StepID{"stop"}
		p := plan.Plan{Steps: []plan.Step{
			{ID: "create", Action: create},
			{ID: "stop", Needs: []plan.StepID{"create"}, Action: plan.StopContainer{Target: web}},
			step,
			{ID: "start", Needs: []plan.StepID{"between"}, Action: plan.StartContainer{Target: successor, Service: "web"}, Finish: true},
		}}
		if left := leftApart(p); (len(left) > 0) != between.left {
			t.Errorf("%s: %q", between.name, left)
		}
	}
}

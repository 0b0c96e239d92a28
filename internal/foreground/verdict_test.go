package foreground

import (
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// TestCompletionHeardLate: what completes as others ask does not end the run, though
// its exit be heard of when the others have been started already.
func TestCompletionHeardLate(t *testing.T) {
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{
		"migrate": {Name: "migrate", Image: "app"},
		"web": {Name: "web", Image: "app", DependsOn: types.DependsOnConfig{
			"migrate": {Condition: types.ServiceConditionCompletedSuccessfully, Required: true},
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	sc, err := NewScope(p, ScopeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v := &verdict{project: p, scope: sc, abortOnExit: true}
	aborts := v.exited(exitOf("migrate", 0), activity{})
	if aborts || v.culprit != nil || v.code != nil {
		t.Errorf("the completion of migrate ends the run: %+v, code %v", v.culprit, v.code)
	}
}

// TestVerdict: what an attached up comes to when these containers end, one after
// the other.
func TestVerdict(t *testing.T) {
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{
		"task": {Name: "task", Image: "app"},
		"test": {Name: "test", Image: "app"},
		"web": {Name: "web", Image: "app", DependsOn: types.DependsOnConfig{
			"task": {Condition: types.ServiceConditionCompletedSuccessfully, Required: true},
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	type exit struct {
		service string
		code    int
		now     activity
	}
	converging, stopping := activity{converging: true}, activity{stopping: true}
	for name, c := range map[string]struct {
		onExit, onFailure bool
		from              string
		exits             []exit
		aborts            []bool
		code              int
		fails             bool
	}{
		"nobody is asked for":                 {exits: []exit{{"web", 3, activity{}}}, aborts: []bool{false}},
		"the first exit counts":               {onExit: true, exits: []exit{{"web", 0, activity{}}, {"test", 4, stopping}}, aborts: []bool{true, false}},
		"its code counts":                     {onExit: true, exits: []exit{{"web", 3, activity{}}, {"test", 4, stopping}}, aborts: []bool{true, false}, code: 3},
		"success is no failure":               {onFailure: true, exits: []exit{{"web", 0, activity{}}, {"test", 4, activity{}}}, aborts: []bool{false, true}, code: 4},
		"the service asked for":               {onExit: true, from: "test", exits: []exit{{"web", 3, activity{}}, {"test", 4, stopping}}, aborts: []bool{true, false}, code: 4},
		"the service asked for succeeds":      {onExit: true, from: "test", exits: []exit{{"test", 0, activity{}}, {"web", 143, stopping}}, aborts: []bool{true, false}},
		"its first code counts":               {from: "test", exits: []exit{{"test", 5, activity{}}, {"test", 6, activity{}}}, aborts: []bool{false, false}, code: 5},
		"the service asked for never ran":     {onExit: true, from: "test", exits: []exit{{"web", 3, activity{}}}, aborts: []bool{true}, fails: true},
		"a task that others wait for is done": {onExit: true, exits: []exit{{"task", 0, converging}, {"task", 0, activity{}}}, aborts: []bool{false, false}},
		"a task fails: the wait says more":    {onExit: true, exits: []exit{{"task", 2, converging}}, aborts: []bool{false}, code: 2},
		"a task fails later":                  {onExit: true, exits: []exit{{"task", 2, activity{}}}, aborts: []bool{true}, code: 2},
		"up itself stops it":                  {onExit: true, from: "test", exits: []exit{{"web", 3, activity{own: true}}, {"test", 0, activity{own: true, converging: true}}, {"test", 1, activity{}}}, aborts: []bool{false, false, true}, code: 1},
		"up was about to stop it and aborts":  {onExit: true, from: "test", exits: []exit{{"web", 3, activity{}}, {"test", 9, activity{own: true, stopping: true}}}, aborts: []bool{true, false}, code: 9},
	} {
		t.Run(name, func(t *testing.T) {
			sc, err := NewScope(p, ScopeOptions{ExitCodeFrom: c.from})
			if err != nil {
				t.Fatal(err)
			}
			v := verdict{project: p, scope: sc, abortOnExit: c.onExit, abortOnFailure: c.onFailure}
			var aborts []bool
			for _, x := range c.exits {
				aborts = append(aborts, v.exited(exitOf(x.service, x.code), x.now))
			}
			code, err := v.result()
			if !slices.Equal(aborts, c.aborts) || code != c.code || (err != nil) != c.fails {
				t.Errorf("aborts %v, code %d, %v; want %v, %d, an error: %v", aborts, code, err, c.aborts, c.code, c.fails)
			}
		})
	}
}

func exitOf(service string, code int) output.Output {
	return output.Output{Container: engine.Container{Ref: engine.Ref{Name: "p-" + service + "-1"}, Service: service}, Exit: &output.Exited{Code: code}}
}

package foreground

import (
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
	aborts := v.exited(output.Output{
		Container: engine.Container{Ref: engine.Ref{Name: "p-migrate-1"}, Service: "migrate"}, Exit: &output.Exit{Code: 0},
	}, moment{})
	if aborts || v.culprit != nil || v.code != nil {
		t.Errorf("the completion of migrate ends the run: %+v, code %v", v.culprit, v.code)
	}
}

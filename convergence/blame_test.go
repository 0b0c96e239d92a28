package convergence_test

import (
	"path"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/project"
)

// TestFailuresNameTheService: whatever step of an up fails on a container, its
// error can say for which service, and so where that stands in the file.
func TestFailuresNameTheService(t *testing.T) {
	web := webWithHook("1", "true")
	web.Image, web.PostStart = harnessImage, web.PreStart
	web.Networks = map[string]*types.ServiceNetworkConfig{"front": nil, "back": nil}
	web.Configs = []types.ServiceConfigObjConfig{{Source: "app", Target: "/etc/app"}}
	p, err := project.New(project.Input{Compose: &types.Project{
		Name: "p", Services: types.Services{"web": web}, Configs: types.Configs{"app": {Content: "a=1"}},
		Networks: types.Networks{"front": {Name: "p_front"}, "back": {Name: "p_back"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := newHarness(t)
	s.project = p
	steps, err := up.PlanUp(p, s.observe(), up.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, step := range steps.Steps {
		about := step.Action.About()
		if about.Target.Name == "" && about.Creates == nil {
			continue
		}
		kinds[path.Base(string(step.ID))] = true
		if about.Service != "web" {
			t.Errorf("an error of %s would be of service %q", step.ID, about.Service)
		}
	}
	for _, kind := range []string{"create", "copy", "start", "post_start-0"} {
		if !kinds[kind] {
			t.Errorf("the plan has no step %s: it has %v", kind, kinds)
		}
	}
}

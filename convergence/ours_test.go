package convergence_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// TestOurs: what a container is to a project, by its labels and by what must
// agree with them.
func TestOurs(t *testing.T) {
	want := load(t, "services: {web: {image: x}, db: {image: x, container_name: the-db}, later: {image: x, profiles: [later]}}", "")
	own := []engine.Network{{ID: "n1", Name: "demo_default", Labels: map[string]string{project.LabelProject: "demo"}}}
	foreign := []engine.Network{{ID: "n1", Name: "demo_default"}}
	for _, c := range []struct {
		name     string
		change   func(c *engine.Container)
		networks []engine.Network
		want     engine.Membership
	}{
		{"a replica", func(*engine.Container) {}, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"with the other separator", func(c *engine.Container) { c.Name = "demo_web_1" }, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"a successor", func(c *engine.Container) { c.Name = "0123456789ab_demo-web-1" }, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"of a profile that is not active", func(c *engine.Container) { c.Service, c.Name = "later", "demo-later-1" }, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"of another file", func(c *engine.Container) { c.Service, c.Name = "store", "demo-store-1" }, nil, engine.Membership{Role: engine.Replica, Declared: false}},
		{"with the name that the file gives it", func(c *engine.Container) { c.Service, c.Name = "db", "the-db" }, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"with the name of another service", func(c *engine.Container) { c.Name = "the-db" }, nil, engine.Membership{Role: engine.Stranger, Declared: true}},
		{"with the name that it was made as", func(c *engine.Container) { c.Name = "made-as"; c.Labels[project.LabelName] = "made-as" }, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"renamed, of the image that it was made of", func(c *engine.Container) {
			c.Name, c.ImageID, c.Labels[project.LabelImage] = "renamed", "sha256:1", "sha256:1"
		}, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"renamed, of the manifest that it was made of", func(c *engine.Container) {
			c.Name, c.ImageID, c.ImageDigest, c.Labels[project.LabelImage] = "renamed", "sha256:1", "sha256:2", "sha256:2"
		}, nil, engine.Membership{Role: engine.Replica, Declared: true}},
		{"renamed, on a network of the project", func(c *engine.Container) { c.Name = "renamed" }, own, engine.Membership{Role: engine.Replica, Declared: true}},
		{"on a network of that name that is nobody's", func(c *engine.Container) { c.Name = "renamed" }, foreign, engine.Membership{Role: engine.Stranger, Declared: true}},
		{"of a commit, on a network of the project", func(c *engine.Container) {
			c.Name, c.ImageID = "by-hand", "sha256:2"
			c.Labels[project.LabelName], c.Labels[project.LabelImage] = "demo-web-1", "sha256:1"
		}, own, engine.Membership{Role: engine.Stranger, Declared: true}},
		{"of an image that was built for the service", func(c *engine.Container) {
			c.Labels = map[string]string{project.LabelProject: "demo", project.LabelService: "web"}
		}, own, engine.Membership{Role: engine.Stranger, Declared: true}},
		{"of such an image, never started", func(c *engine.Container) {
			c.Name, c.State, c.Labels = "by-hand", engine.Created, map[string]string{project.LabelProject: "demo", project.LabelService: "web"}
		}, own, engine.Membership{Role: engine.Stranger, Declared: true}},
		{"a hook's of Docker Compose, never started", func(c *engine.Container) {
			c.Name, c.State, c.Labels = "quirky_euler2", engine.Created, map[string]string{project.LabelProject: "demo", project.LabelService: "web"}
		}, own, engine.Membership{Role: engine.HookContainer, Declared: true}},
		{"a one-off", func(c *engine.Container) { c.Name, c.OneOff = "demo-web-run-12", true }, nil, engine.Membership{Role: engine.OneOff, Declared: true}},
		{"a one-off of another file", func(c *engine.Container) { c.Name, c.OneOff, c.Service = "demo-store-run-12", true, "store" }, nil, engine.Membership{Role: engine.OneOff, Declared: false}},
		{"a hook's", func(c *engine.Container) {
			c.Name, c.Labels = "demo-web-pre_start-0", map[string]string{project.LabelHook: "pre_start", project.LabelName: "demo-web-pre_start-0"}
		}, nil, engine.Membership{Role: engine.HookContainer, Declared: true}},
		{"of a commit of a hook's", func(c *engine.Container) {
			c.Name, c.Labels = "by-hand", map[string]string{project.LabelHook: "pre_start", project.LabelName: "demo-web-pre_start-0"}
		}, own, engine.Membership{Role: engine.Stranger, Declared: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := engine.Container{
				Ref: engine.Ref{Name: "demo-web-1"}, Project: "demo", Service: "web", Number: 1, State: engine.Running,
				Labels:   map[string]string{project.LabelConfigHash: "x"},
				Networks: []engine.Attachment{{Network: "demo_default", NetworkID: "n1"}},
			}
			c.change(&made)
			if got := engine.Ours(made, c.networks, want); got != c.want {
				t.Errorf("it is %+v, want %+v", got, c.want)
			}
			if got := engine.Ours(made, c.networks, nil); !got.Declared {
				t.Error("without files it counts as not declared")
			}
		})
	}
}

// TestSuperviseLeavesStrangersAlone: a container that bears the labels of a
// service is not kept running in its stead, whether it was there before the
// supervisor or came later.
func TestSuperviseLeavesStrangersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"web": restart("on-failure:5")}, nil, nil)
		defer w.close()
		w.end()
		w.createAs(w.want.Service("web"), 1, "before", true)
		w.run()
		w.createAs(w.want.Service("web"), 1, "after", true)
		for _, name := range []string{"before", "after", "p-web-1"} {
			w.crash(name, 1)
		}
		w.after(10 * time.Minute)
		w.isState("p-web-1", engine.Running)
		for _, name := range []string{"before", "after"} {
			if n := w.count("StartContainer", name) + w.count("RestartContainer", name) + w.count("SetRestartPolicy", name); n > 0 {
				t.Errorf("%d calls about %s", n, name)
			}
		}
		if all, err := w.sup.Status(w.ctx); err != nil || len(all) != 1 {
			t.Errorf("it supervises %+v, %v", all, err)
		}
	})
}

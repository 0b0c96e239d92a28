package convergence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// sharing is an engine that keeps one image per tag, a registry that has the
// image for two platforms, and services that want both.
type sharing struct {
	t *testing.T
	*memengine.Engine
}

func newSharing(t *testing.T) sharing {
	e := memengine.New()
	t.Cleanup(e.Shutdown)
	s := sharing{t, e}
	s.publish("1")
	return s
}

// publish puts a version of the image for both platforms into the registry.
func (s sharing) publish(version string) {
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		s.Publish(memengine.Image{Ref: "reg/app:1", Platform: platform, ID: "sha256:" + platform + version})
	}
}

func (s sharing) observe(p *project.Project) engine.Observed {
	s.t.Helper()
	have, err := up.Observe(context.Background(), s.Engine, p)
	if err != nil {
		s.t.Fatal(err)
	}
	return have
}

// up does what `up` does, and returns what it changed on the engine.
func (s sharing) planUp(p *project.Project, opt up.UpOptions) []string {
	s.t.Helper()
	s.ForgetCalls()
	kept := map[engine.ImageRef]engine.Image{}
	do := func(plan plan.Plan, err error) {
		s.t.Helper()
		if err == nil {
			err = apply.ApplyWith(context.Background(), plan, s.Engine, apply.ApplyOptions{Kept: kept})
		}
		if err != nil {
			s.t.Fatalf("%v\n%s", err, plan)
		}
	}
	plan, err := up.PlanUp(p, s.observe(p), opt)
	if plan.Provisional {
		do(plan.Images(), err)
		opt.ImagesReady = true
		plan, err = up.PlanUp(p, s.observe(p).WithImages(kept), opt)
	}
	do(plan, err)
	return s.Mutations()
}

// images are the images that the containers run, by service.
func (s sharing) images(p *project.Project) string {
	var out []string
	for _, c := range s.observe(p).Containers {
		out = append(out, c.Service+" "+strings.TrimPrefix(c.ImageID, "sha256:"))
	}
	return strings.Join(out, ", ")
}

// TestOneTagForSeveralPlatforms: what is there, what is pulled, what a container
// is made from and whether it is still that go by reference and platform, on an
// engine that gives a tag to one image at a time too. A second run has nothing to do.
func TestOneTagForSeveralPlatforms(t *testing.T) {
	for _, tc := range []struct{ name, services, env, want string }{
		{"one is the engine's own", `{here: {image: "reg/app:1"}, there: {image: "reg/app:1", platform: linux/arm64}}`, "", "here linux/amd641, there linux/arm641"},
		{"the other way round", `{a: {image: "reg/app:1", platform: linux/arm64}, b: {image: "reg/app:1"}}`, "", "a linux/arm641, b linux/amd641"},
		{"both are said", `{a: {image: "reg/app:1", platform: linux/amd64}, b: {image: "reg/app:1", platform: linux/arm64}}`, "", "a linux/amd641, b linux/arm641"},
		{"written in two ways", `{a: {image: "docker.io/reg/app:1"}, b: {image: "reg/app:1", platform: linux/arm64}}`, "", "a linux/amd641, b linux/arm641"},
		{"by default another", `{a: {image: "reg/app:1"}, b: {image: "reg/app:1", platform: linux/amd64}}`, "DOCKER_DEFAULT_PLATFORM=linux/arm64", "a linux/arm641, b linux/amd641"},
		{"several containers each", `{a: {image: "reg/app:1", scale: 2}, b: {image: "reg/app:1", platform: linux/arm64, scale: 2}}`, "", "a linux/amd641, a linux/amd641, b linux/arm641, b linux/arm641"},
		{"one platform only", `{a: {image: "reg/app:1", platform: linux/arm64}}`, "", "a linux/arm641"},
	} {
		for _, before := range []string{"", "linux/amd64", "linux/arm64"} {
			t.Run(tc.name+", there is "+before, func(t *testing.T) {
				p := load(t, "services: "+tc.services+"\n", tc.env)
				s := newSharing(t)
				if before != "" {
					s.AddImage(memengine.Image{Ref: "reg/app:1", Platform: before, ID: "sha256:" + before + "1"})
				}
				s.planUp(p, up.UpOptions{NoStart: true})
				if got := s.images(p); got != tc.want {
					t.Fatalf("containers run %s\nwant %s", got, tc.want)
				}
				for range 2 {
					if changes := s.planUp(p, up.UpOptions{NoStart: true}); len(changes) > 0 {
						t.Errorf("up again: %q", changes)
					}
				}
			})
		}
	}
}

// TestSharedTagsAreRefreshed: newer images of both platforms replace both, once.
func TestSharedTagsAreRefreshed(t *testing.T) {
	p := load(t, `services: {a: {image: "reg/app:1"}, b: {image: "reg/app:1", platform: linux/arm64}}`, "")
	s := newSharing(t)
	s.planUp(p, up.UpOptions{})
	s.publish("2")
	always := up.UpOptions{Pull: "always"}
	s.planUp(p, always)
	if got := s.images(p); got != "a linux/amd642, b linux/arm642" {
		t.Errorf("containers run %s", got)
	}
	if changes := s.planUp(p, always); len(changes) != 2 || !strings.HasPrefix(changes[0], "PullImage") || !strings.HasPrefix(changes[1], "PullImage") {
		t.Errorf("up again: %q", changes)
	}
}

// TestSharedTagsGrow: a container more of either is made from what its service has.
func TestSharedTagsGrow(t *testing.T) {
	p := load(t, `services: {a: {image: "reg/app:1"}, b: {image: "reg/app:1", platform: linux/arm64}}`, "")
	s := newSharing(t)
	s.planUp(p, up.UpOptions{})
	changes := s.planUp(p, up.UpOptions{Scale: map[string]int{"a": 2, "b": 2}})
	if got := s.images(p); got != "a linux/amd641, a linux/amd641, b linux/arm641, b linux/arm641" {
		t.Errorf("containers run %s", got)
	}
	if slices.ContainsFunc(changes, func(c string) bool { return strings.HasPrefix(c, "PullImage") }) {
		t.Errorf("what is there was pulled: %q", changes)
	}
}

// TestOnePullForAll: what is asked of an image besides its name and platform makes
// no second one of it.
func TestOnePullForAll(t *testing.T) {
	p := load(t, `services: {a: {image: "reg/app:1", pull_policy: daily}, b: {image: "reg/app:1"}}`, "")
	s := newSharing(t)
	var pulls []string
	for _, c := range s.planUp(p, up.UpOptions{}) {
		if strings.HasPrefix(c, "PullImage") {
			pulls = append(pulls, c)
		}
	}
	if fmt.Sprint(pulls) != "[PullImage reg/app:1]" {
		t.Errorf("pulls: %q", pulls)
	}
}

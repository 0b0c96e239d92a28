package convergence_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// hookHarness is a harness for two replicas of web with a pre_start hook.
func hookHarness(t *testing.T, version, hook string) *harness {
	t.Helper()
	return newHarness(t, webWithHook(version, hook))
}

func webWithHook(version, hook string) types.ServiceConfig {
	two := 2
	return types.ServiceConfig{
		Name: "web", Scale: &two, Environment: types.MappingWithEquals{"VERSION": &version},
		Command:  types.ShellCommand{"sleep", "1000"},
		PreStart: []types.ServiceHook{{Command: types.ShellCommand{"sh", "-c", hook}}},
	}
}

// want changes what the harness's project asks for.
func (s *harness) want(service types.ServiceConfig) {
	s.t.Helper()
	service.Image, service.NetworkMode = harnessImage, "none"
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{service.Name: service}}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.project = p
}

func (s *harness) observe() engine.Observed {
	s.t.Helper()
	o, err := up.StartObserving(s.t.Context(), s.Engine, s.project.Name).Recall(s.Engine).Observe(s.t.Context(), s.project)
	if err == nil {
		o, _, err = engine.FindStopping(s.t.Context(), s.Engine, o, nil, time.Now())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// converge plans an up and applies it.
func (s *harness) converge() error {
	s.t.Helper()
	p, err := up.PlanUp(s.project, s.observe(), up.UpOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.applyWith(s.t.Context(), p, apply.ApplyOptions{})
}

// containers are name, state and version of all that there are, sorted.
func (s *harness) containers() []string {
	s.t.Helper()
	var all []string
	for _, c := range s.observe().Containers {
		seen, err := s.ByHand().Exec(s.t.Context(), c.Ref, engine.ExecSpec{Command: []string{"sh", "-c", "echo $VERSION"}})
		if err != nil && !errors.Is(err, engine.ErrConflict) {
			s.t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Name, c.State, strings.TrimSpace(seen.Output))))
	}
	slices.Sort(all)
	return all
}

func (s *harness) wantContainers(want ...string) {
	s.t.Helper()
	if got := s.containers(); !slices.Equal(got, want) {
		s.t.Errorf("containers = %q, want %q", got, want)
	}
}

// TestPreStartKilled: what an up that was killed in the middle of a pre_start
// hook leaves behind, its hook still running, is taken away by down, and gives
// way to the hook of the next up.
func TestPreStartKilled(t *testing.T) {
	killed := func(t *testing.T) *harness {
		s := hookHarness(t, "1", "sleep 60")
		s.Inject(memengine.Fault{Method: "StartContainer", Target: "*pre_start*", After: true, Err: memengine.ErrKilled, Do: func() {
			s.Inject(memengine.Fault{Err: memengine.ErrKilled})
		}})
		if err := s.converge(); !errors.Is(err, memengine.ErrKilled) {
			t.Fatalf("up = %v, want it killed", err)
		}
		s.Heal()
		s.wantState("p-web-pre_start-0", engine.Running)
		return s
	}
	t.Run("down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := killed(t)
			p, err := up.PlanDown(nil, s.observe(), up.DownOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.applyWith(t.Context(), p, apply.ApplyOptions{}); err != nil {
				t.Fatal(err)
			}
			s.wantContainers()
		})
	})
	t.Run("up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := killed(t)
			began := time.Now()
			if err := s.converge(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < time.Minute || took > 2*time.Minute {
				t.Errorf("up took %v, want it to run the hook once, from its beginning", took)
			}
			s.wantContainers("p-web-1 running 1", "p-web-2 running 1")
		})
	})
}

// TestPreStartLeavesStrangersAlone: a container that somebody made of a commit of a
// hook's has the hook's labels. It is a stranger's, also where it has the hook's name:
// the hook does not run, and the container stays.
func TestPreStartLeavesStrangersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hookHarness(t, "1", "true")
		const name = "p-web-pre_start-0"
		made, err := s.ByHand().CreateContainer(t.Context(), engine.CreateSpec{
			Name: name, Project: s.project, Service: s.project.Service("web"),
			Labels: map[string]string{project.LabelProject: "p", project.LabelService: "web", project.LabelHook: "pre_start", project.LabelName: "p-web-pre_start-1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.converge(); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("up = %v, want the name taken", err)
		}
		if seen, err := s.InspectContainer(t.Context(), engine.Ref{Name: name}); err != nil || seen.ID != made.ID {
			t.Errorf("%s is another one now: %v", name, err)
		}
	})
}

// TestPreStartReplicas: a recreate of two replicas whose hook, stop or start
// fails leaves both running, none of them twice, and the hook ran at most once.
func TestPreStartReplicas(t *testing.T) {
	for _, tc := range []struct {
		name, hook string
		fault      memengine.Fault
		hooks      int
		want       []string
	}{
		{"done", "true", memengine.Fault{}, 1, []string{"p-web-1 running 2", "p-web-2 running 2"}},
		{"first stop fails", "true", memengine.Fault{Method: "StopContainer", Target: "p-web-1", Err: errors.New("stuck")},
			0, []string{"p-web-1 running 1", "p-web-2 running 1"}},
		{"second stop fails", "true", memengine.Fault{Method: "StopContainer", Target: "p-web-2", Err: errors.New("stuck")},
			0, []string{"p-web-1 running 1", "p-web-2 running 1"}},
		{"hook fails", "exit 3", memengine.Fault{}, 1, []string{"p-web-1 running 1", "p-web-2 running 1"}},
		{"hook cannot be made", "true", memengine.Fault{Method: "CreateContainer", Target: "*pre_start*", Err: errors.New("no space")},
			0, []string{"p-web-1 running 1", "p-web-2 running 1"}},
		{"second start fails", "true", memengine.Fault{Method: "StartContainer", Target: "*_p-web-2", Err: errors.New("no room")},
			1, []string{"p-web-1 running 2", "p-web-2 running 1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := hookHarness(t, "1", "true")
				if err := s.converge(); err != nil {
					t.Fatal(err)
				}
				s.want(webWithHook("2", tc.hook))
				s.ForgetCalls()
				broken := tc.name != "done"
				if tc.fault.Method != "" {
					s.Inject(tc.fault)
				}
				if err := s.converge(); (err != nil) != broken {
					t.Errorf("up = %v, want an error: %t", err, broken)
				}
				s.Heal()
				s.wantContainers(tc.want...)
				hooks := 0
				for _, c := range s.Calls() {
					if c.Method == "StartContainer" && strings.Contains(c.Target, "pre_start") {
						hooks++
					}
				}
				if hooks != tc.hooks {
					t.Errorf("the hook ran %d times, want %d", hooks, tc.hooks)
				}
				s.want(webWithHook("2", "true"))
				if err := s.converge(); err != nil {
					t.Fatal(err)
				}
				s.wantContainers("p-web-1 running 2", "p-web-2 running 2")
			})
		})
	}
}

package enginetest

import (
	"errors"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

// skew is how far clocks may be apart, and how coarse their times are.
const skew = time.Minute

func containerTests() []test {
	return []test{
		{"a created container is listed and does not run", (*stage).testCreated, containers},
		{"calls for what is as asked do nothing", (*stage).testIdempotent, containers | networks | volumes | images | inside},
		{"calls for what is unknown say so", (*stage).testUnknown, containers | inside},
		{"a name in use is a conflict", (*stage).testNameConflict, containers},
		{"a container is found under its new name", (*stage).testRename, containers | events},
		{"a missing image is not found", (*stage).testMissingImage, containers | images},
		{"a list shows one project", (*stage).testListByProject, containers},
		{"a container is addressed by name too", (*stage).testByName, containers | inside},
	}
}

func (s *stage) testCreated() {
	before := time.Now()
	s.service("web", obedient, func(c *types.ServiceConfig) {
		c.Restart, c.Environment = "on-failure:3", types.NewMappingWithEquals([]string{"COLOR=blue"})
		c.StopSignal = "SIGUSR1"
	})
	ref := s.create("web")
	c, ok := s.listed(ref)
	if !ok {
		s.Fatal("the container is not listed")
	}
	if c.Name != s.name+"-web-1" || c.Project != s.name || c.Service != "web" || c.Number != 1 || c.OneOff {
		s.Errorf("listed as %s: %s/%s number %d one-off %v", c.Name, c.Project, c.Service, c.Number, c.OneOff)
	}
	if c.State != engine.Created || c.Image != s.fx.Image || !strings.HasPrefix(c.ImageID, "sha256:") || c.Health != engine.HealthNone {
		s.Errorf("listed as %s of %s (%s), health %q", c.State, c.Image, c.ImageID, c.Health)
	}
	if c.Created.Before(before.Add(-skew)) || c.Created.After(time.Now().Add(skew)) {
		s.Errorf("created at %s, want a time since %s", c.Created, before)
	}
	i := s.inspect(ref)
	if i.RestartPolicy != "on-failure:3" || i.Pid != 0 || i.RestartCount != 0 || i.StopSignal == "" {
		s.Errorf("inspected: policy %q, pid %d, restarts %d, stop signal %q", i.RestartPolicy, i.Pid, i.RestartCount, i.StopSignal)
	}
	if !strings.Contains(strings.Join(i.Environment, "\n"), "COLOR=blue") {
		s.Errorf("environment = %q, want COLOR=blue in it", i.Environment)
	}
}

func (s *stage) testIdempotent() {
	ctx := s.Context()
	c := s.run("web", obedient, nil)
	s.must(s.StartContainer(ctx, c))
	if got := s.inspect(c); got.State != engine.Running || got.Pid == 0 || got.StartedAt.IsZero() {
		s.Errorf("state = %s, pid %d, started at %s", got.State, got.Pid, got.StartedAt)
	}
	s.must(s.RenameContainer(ctx, c, c.Name))
	s.must(s.UnpauseContainer(ctx, c))
	s.must(s.PauseContainer(ctx, c))
	s.must(s.PauseContainer(ctx, c))
	s.must(s.UnpauseContainer(ctx, c))
	s.must(s.StopContainer(ctx, c, nil))
	s.must(s.StopContainer(ctx, c, nil))
	if got := s.inspect(c); got.State != engine.Exited || got.ExitCode != 0 || got.Pid != 0 {
		s.Errorf("stopped: %s (%d), pid %d", got.State, got.ExitCode, got.Pid)
	}
	s.must(s.RemoveContainer(ctx, c, false))
	s.must(s.RemoveContainer(ctx, c, false))
	if _, still := s.listed(c); still {
		s.Error("the removed container is still listed")
	}
	s.must(s.RemoveNetwork(ctx, s.name+"_none"))
	s.must(s.RemoveVolume(ctx, s.name+"_none"))
	s.must(s.RemoveImage(ctx, "muster-test/none:0"))
}

func (s *stage) testUnknown() {
	ctx := s.Context()
	c := engine.Ref{Name: s.name + "-none-1"}
	_, inspect := s.InspectContainer(ctx, c)
	_, exec := s.Exec(ctx, c, engine.ExecSpec{Command: []string{"true"}})
	for _, call := range []struct {
		name string
		err  error
	}{
		{"inspect", inspect}, {"exec", exec},
		{"start", s.StartContainer(ctx, c)},
		{"stop", s.StopContainer(ctx, c, nil)},
		{"restart", s.RestartContainer(ctx, c, nil)},
		{"kill", s.KillContainer(ctx, c, "SIGTERM")},
		{"pause", s.PauseContainer(ctx, c)},
		{"unpause", s.UnpauseContainer(ctx, c)},
		{"rename", s.RenameContainer(ctx, c, s.name+"-other-1")},
		{"set restart policy", s.SetRestartPolicy(ctx, c, "always")},
		{"copy", s.CopyTo(ctx, c, []engine.FileContent{{Path: "/x", Mode: 0o644}})},
		{"logs", s.Logs(ctx, c, engine.LogOptions{Tail: -1}, func(engine.LogLine) error { return nil })},
	} {
		if !errors.Is(call.err, engine.ErrNotFound) {
			s.Errorf("%s of an unknown container = %v, want not found", call.name, call.err)
		}
	}
}

func (s *stage) testNameConflict() {
	s.service("web", obedient, nil)
	first := s.create("web")
	_, err := s.CreateContainer(s.Context(), s.spec("web"))
	if !errors.Is(err, engine.ErrConflict) || !strings.Contains(err.Error(), first.ID[:12]) {
		s.Errorf("second container of that name = %v, want a conflict that names %s", err, first.ID[:12])
	}
	s.service("db", obedient, nil)
	db := s.create("db")
	if err := s.RenameContainer(s.Context(), db, first.Name); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("rename to a name in use = %v, want a conflict", err)
	}
}

func (s *stage) testRename() {
	s.service("web", obedient, nil)
	c := s.create("web")
	stream := s.watch()
	name := "0123456789ab_" + c.Name
	s.must(s.RenameContainer(s.Context(), c, name))
	if got, _ := s.listed(c); got.Name != name {
		s.Errorf("listed as %q, want %q", got.Name, name)
	}
	if ev, _ := s.untilAction(stream, "rename"); ev.Container.ID != c.ID {
		s.Errorf("event of %s, want %s", ev.Container.ID, c.ID)
	}
	s.create("web") // the old name is free
}

func (s *stage) testMissingImage() {
	s.service("web", obedient, func(c *types.ServiceConfig) { c.Image = "muster-test/none:0" })
	if _, err := s.CreateContainer(s.Context(), s.spec("web")); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("create = %v, want not found", err)
	}
	// What cannot even be asked for is missing too, and keeps nobody from the others.
	images, err := s.ListImages(s.Context(), []engine.ImageRef{
		{Ref: s.fx.Image}, {Ref: "muster-test/none:0"}, {Ref: s.fx.Image}, {Ref: s.fx.Image, Platform: "linux/arm/v7/hard"}, {Ref: "Not A:Name"},
	})
	s.must(err)
	if len(images) != 1 || images[0].Ref != s.fx.Image || !strings.HasPrefix(images[0].ID, "sha256:") || images[0].Digest == "" {
		s.Errorf("images = %+v, want one", images)
	}
}

func (s *stage) testListByProject() {
	s.service("web", obedient, nil)
	s.service("db", obedient, nil)
	web, db := s.create("web"), s.create("db")
	cs, err := s.ListContainers(s.Context(), engine.ContainerFilter{Project: s.name})
	s.must(err)
	if len(cs) != 2 || cs[0].Ref != db || cs[1].Ref != web {
		s.Errorf("listed %d containers, want %s and %s", len(cs), db.Name, web.Name)
	}
	all, err := s.ListContainers(s.Context(), engine.ContainerFilter{})
	s.must(err)
	if _, ok := (engine.Observed{Containers: all}).Container(web.ID); !ok {
		s.Error("a list of everything lacks the container")
	}
	other, err := s.ListContainers(s.Context(), engine.ContainerFilter{Project: s.name + "x"})
	s.must(err)
	if len(other) != 0 {
		s.Errorf("another project lists %d containers", len(other))
	}
}

func (s *stage) testByName() {
	c := s.run("web", obedient, nil)
	planned := engine.Ref{Name: c.Name}
	if got := s.inspect(planned); got.ID != c.ID {
		s.Errorf("inspected %s, want %s", got.ID, c.ID)
	}
	s.must(s.StopContainer(s.Context(), planned, nil))
	s.must(s.RemoveContainer(s.Context(), planned, false))
}

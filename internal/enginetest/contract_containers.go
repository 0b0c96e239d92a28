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
		{"a created container is listed and does not run", (*harness).testCreated, containers},
		{"calls for what is as asked do nothing", (*harness).testIdempotent, containers | networks | volumes | images | inside},
		{"calls for what is unknown say so", (*harness).testUnknown, containers | inside},
		{"a name in use is a conflict", (*harness).testNameConflict, containers},
		{"a container is found under its new name", (*harness).testRename, containers | events},
		{"a missing image is not found", (*harness).testMissingImage, containers | images},
		{"a list shows one project", (*harness).testListByProject, containers},
		{"a container is addressed by name too", (*harness).testByName, containers | inside},
	}
}

func (h *harness) testCreated() {
	before := time.Now()
	h.service("web", obedient, func(c *types.ServiceConfig) {
		c.Restart, c.Environment = "on-failure:3", types.NewMappingWithEquals([]string{"COLOR=blue"})
		c.StopSignal = "SIGUSR1"
	})
	ref := h.create("web")
	c, ok := h.listed(ref)
	if !ok {
		h.Fatal("the container is not listed")
	}
	if c.Name != h.name+"-web-1" || c.Project != h.name || c.Service != "web" || c.Number != 1 || c.OneOff {
		h.Errorf("listed as %s: %s/%s number %d one-off %v", c.Name, c.Project, c.Service, c.Number, c.OneOff)
	}
	if c.State != engine.Created || c.Image != h.fx.Image || !strings.HasPrefix(c.ImageID, "sha256:") || c.Health != engine.HealthNone {
		h.Errorf("listed as %s of %s (%s), health %q", c.State, c.Image, c.ImageID, c.Health)
	}
	if c.Created.Before(before.Add(-skew)) || c.Created.After(time.Now().Add(skew)) {
		h.Errorf("created at %s, want a time since %s", c.Created, before)
	}
	i := h.inspect(ref)
	if i.RestartPolicy != "on-failure:3" || i.Pid != 0 || i.RestartCount != 0 || i.StopSignal == "" {
		h.Errorf("inspected: policy %q, pid %d, restarts %d, stop signal %q", i.RestartPolicy, i.Pid, i.RestartCount, i.StopSignal)
	}
	if !strings.Contains(strings.Join(i.Environment, "\n"), "COLOR=blue") {
		h.Errorf("environment = %q, want COLOR=blue in it", i.Environment)
	}
}

func (h *harness) testIdempotent() {
	ctx := h.Context()
	c := h.run("web", obedient, nil)
	h.must(h.StartContainer(ctx, c))
	if got := h.inspect(c); got.State != engine.Running || got.Pid == 0 || got.StartedAt.IsZero() {
		h.Errorf("state = %s, pid %d, started at %s", got.State, got.Pid, got.StartedAt)
	}
	h.must(h.RenameContainer(ctx, c, c.Name))
	h.must(h.UnpauseContainer(ctx, c))
	h.must(h.PauseContainer(ctx, c))
	h.must(h.PauseContainer(ctx, c))
	h.must(h.UnpauseContainer(ctx, c))
	h.must(h.StopContainer(ctx, c, nil))
	h.must(h.StopContainer(ctx, c, nil))
	if got := h.inspect(c); got.State != engine.Exited || got.ExitCode != 0 || got.Pid != 0 {
		h.Errorf("stopped: %s (%d), pid %d", got.State, got.ExitCode, got.Pid)
	}
	h.must(h.RemoveContainer(ctx, c, false))
	h.must(h.RemoveContainer(ctx, c, false))
	if _, still := h.listed(c); still {
		h.Error("the removed container is still listed")
	}
	h.must(h.RemoveNetwork(ctx, h.name+"_none"))
	h.must(h.RemoveVolume(ctx, h.name+"_none"))
	h.must(h.RemoveImage(ctx, "muster-test/none:0"))
}

func (h *harness) testUnknown() {
	ctx := h.Context()
	c := engine.Ref{Name: h.name + "-none-1"}
	_, inspect := h.InspectContainer(ctx, c)
	_, exec := h.Exec(ctx, c, engine.ExecSpec{Command: []string{"true"}})
	for _, call := range []struct {
		name string
		err  error
	}{
		{"inspect", inspect}, {"exec", exec},
		{"start", h.StartContainer(ctx, c)},
		{"stop", h.StopContainer(ctx, c, nil)},
		{"restart", h.RestartContainer(ctx, c, nil)},
		{"kill", h.KillContainer(ctx, c, "SIGTERM")},
		{"pause", h.PauseContainer(ctx, c)},
		{"unpause", h.UnpauseContainer(ctx, c)},
		{"rename", h.RenameContainer(ctx, c, h.name+"-other-1")},
		{"set restart policy", h.SetRestartPolicy(ctx, c, "always")},
		{"copy", h.CopyTo(ctx, c, []engine.FileContent{{Path: "/x", Mode: 0o644}})},
		{"logs", h.Logs(ctx, c, engine.LogOptions{Tail: -1}, func(engine.LogLine) error { return nil })},
	} {
		if !errors.Is(call.err, engine.ErrNotFound) {
			h.Errorf("%s of an unknown container = %v, want not found", call.name, call.err)
		}
	}
}

func (h *harness) testNameConflict() {
	h.service("web", obedient, nil)
	first := h.create("web")
	_, err := h.CreateContainer(h.Context(), h.spec("web"))
	if !errors.Is(err, engine.ErrConflict) || !strings.Contains(err.Error(), first.ID[:12]) {
		h.Errorf("second container of that name = %v, want a conflict that names %s", err, first.ID[:12])
	}
	h.service("db", obedient, nil)
	db := h.create("db")
	if err := h.RenameContainer(h.Context(), db, first.Name); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("rename to a name in use = %v, want a conflict", err)
	}
}

func (h *harness) testRename() {
	h.service("web", obedient, nil)
	c := h.create("web")
	stream := h.watch()
	name := "0123456789ab_" + c.Name
	h.must(h.RenameContainer(h.Context(), c, name))
	if got, _ := h.listed(c); got.Name != name {
		h.Errorf("listed as %q, want %q", got.Name, name)
	}
	if ev, _ := h.untilAction(stream, "rename"); ev.Container.ID != c.ID {
		h.Errorf("event of %s, want %s", ev.Container.ID, c.ID)
	}
	h.create("web") // the old name is free
}

func (h *harness) testMissingImage() {
	h.service("web", obedient, func(c *types.ServiceConfig) { c.Image = "muster-test/none:0" })
	if _, err := h.CreateContainer(h.Context(), h.spec("web")); !errors.Is(err, engine.ErrNotFound) {
		h.Errorf("create = %v, want not found", err)
	}
	// What cannot even be asked for is missing too, and keeps nobody from the others.
	images, err := h.ListImages(h.Context(), []engine.ImageRef{
		{Ref: h.fx.Image}, {Ref: "muster-test/none:0"}, {Ref: h.fx.Image}, {Ref: h.fx.Image, Platform: "linux/arm/v7/hard"}, {Ref: "Not A:Name"},
	})
	h.must(err)
	if len(images) != 1 || images[0].Ref != h.fx.Image || !strings.HasPrefix(images[0].ID, "sha256:") || images[0].Digest == "" {
		h.Errorf("images = %+v, want one", images)
	}
}

func (h *harness) testListByProject() {
	h.service("web", obedient, nil)
	h.service("db", obedient, nil)
	web, db := h.create("web"), h.create("db")
	cs, err := h.ListContainers(h.Context(), engine.ContainerFilter{Project: h.name})
	h.must(err)
	if len(cs) != 2 || cs[0].Ref != db || cs[1].Ref != web {
		h.Errorf("listed %d containers, want %s and %s", len(cs), db.Name, web.Name)
	}
	all, err := h.ListContainers(h.Context(), engine.ContainerFilter{})
	h.must(err)
	if _, ok := (engine.Observed{Containers: all}).Container(web.ID); !ok {
		h.Error("a list of everything lacks the container")
	}
	other, err := h.ListContainers(h.Context(), engine.ContainerFilter{Project: h.name + "x"})
	h.must(err)
	if len(other) != 0 {
		h.Errorf("another project lists %d containers", len(other))
	}
}

func (h *harness) testByName() {
	c := h.run("web", obedient, nil)
	planned := engine.Ref{Name: c.Name}
	if got := h.inspect(planned); got.ID != c.ID {
		h.Errorf("inspected %s, want %s", got.ID, c.ID)
	}
	h.must(h.StopContainer(h.Context(), planned, nil))
	h.must(h.RemoveContainer(h.Context(), planned, false))
}

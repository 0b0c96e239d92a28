package enginetest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

func objectTests() []test {
	return []test{
		{"a volume is made once", (*harness).testVolume, volumes},
		{"volumes are listed in their order", (*harness).testVolumeOrder, volumes},
		{"the labels of a volume are copied", (*harness).testVolumeLabels, volumes},
		{"a named volume outlives its containers", (*harness).testNamedVolume, containers | volumes | inside},
		{"a volume in use is a conflict", (*harness).testVolumeInUse, containers | volumes | inside},
		{"anonymous volumes go with their container on request", (*harness).testAnonymousVolume, containers | volumes},
		{"a successor inherits anonymous volumes", (*harness).testInherit, containers | volumes | inside},
		{"an image in use is a conflict", (*harness).testImageInUse, containers | images | inside},
	}
}

// volume declares a volume and makes it.
func (h *harness) volume(key string) string {
	h.Helper()
	name := h.name + "_" + key
	h.compose.Volumes[key] = types.VolumeConfig{Name: name}
	h.must(h.CreateVolume(h.Context(), h.project().Volume(key), h.labels(map[string]string{"kind": "test"})))
	return name
}

func mounts(vs ...types.ServiceVolumeConfig) func(*types.ServiceConfig) {
	return func(c *types.ServiceConfig) { c.Volumes = vs }
}

// volumes are the volumes of the engine by name.
func (h *harness) volumes() map[string]engine.Volume {
	h.Helper()
	vs, err := h.ListVolumes(h.Context())
	h.must(err)
	byName := map[string]engine.Volume{}
	for _, v := range vs {
		byName[v.Name] = v
	}
	return byName
}

func (h *harness) testVolume() {
	name := h.volume("data")
	h.volume("data") // once more is no error
	if got := h.volumes()[name]; got.Labels["kind"] != "test" || got.Labels["com.docker.compose.project"] != h.name {
		h.Errorf("volume = %+v, want its labels", got)
	}
	h.must(h.RemoveVolume(h.Context(), name))
	if _, still := h.volumes()[name]; still {
		h.Error("the removed volume is still listed")
	}
	h.must(h.RemoveVolume(h.Context(), name))
}

func (h *harness) testVolumeOrder() {
	for _, key := range []string{"m", "z", "a"} {
		h.volume(key)
	}
	have, err := h.ListVolumes(h.Context())
	h.must(err)
	if !slices.IsSortedFunc(have, func(a, b engine.Volume) int { return strings.Compare(a.Name, b.Name) }) {
		h.Errorf("volumes are not sorted: %+v", have)
	}
}

func (h *harness) testVolumeLabels() {
	name, labels := h.name+"_data", h.labels(map[string]string{"kind": "test"})
	h.compose.Volumes["data"] = types.VolumeConfig{Name: name}
	h.must(h.CreateVolume(h.Context(), h.project().Volume("data"), labels))
	labels["kind"] = "changed by its owner"
	v := h.volumes()[name]
	if v.Labels["kind"] != "test" {
		h.Errorf("labels = %v, want those of its creation", v.Labels)
	}
	v.Labels["kind"] = "changed by a reader"
	if v = h.volumes()[name]; v.Labels["kind"] != "test" {
		h.Errorf("labels = %v, want those of its creation", v.Labels)
	}
}

func (h *harness) testNamedVolume() {
	name := h.volume("data")
	h.volume("data") // once more is no error
	if got := h.volumes()[name]; got.Labels["kind"] != "test" || got.Driver != "local" {
		h.Errorf("volume = %+v, want its labels and driver local", got)
	}
	mount := mounts(types.ServiceVolumeConfig{Type: "volume", Source: "data", Target: "/data"})
	first := h.up("first", obedient, mount)
	h.exec(first, "echo kept > /data/x")
	h.must(h.RemoveContainer(h.Context(), first, true))
	second := h.up("second", obedient, mount)
	if got := h.exec(second, "cat /data/x").Output; got != "kept\n" {
		h.Errorf("data = %q, want kept", got)
	}
	l, _ := h.listed(second)
	want := engine.Mount{Type: "volume", Name: name, Target: "/data"}
	if i := slices.IndexFunc(l.Mounts, func(m engine.Mount) bool { return m.Target == "/data" }); i < 0 ||
		l.Mounts[i].Name != want.Name || l.Mounts[i].Type != want.Type || l.Mounts[i].ReadOnly {
		h.Errorf("mounts = %+v, want %+v among them", l.Mounts, want)
	}
}

func (h *harness) testVolumeInUse() {
	name := h.volume("data")
	h.service("web", obedient, mounts(types.ServiceVolumeConfig{Type: "volume", Source: "data", Target: "/data", ReadOnly: true}))
	c := h.create("web")
	if err := h.RemoveVolume(h.Context(), name); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("remove = %v, want a conflict", err)
	}
	h.must(h.StartContainer(h.Context(), c))
	if got := h.exec(c, "echo x > /data/x"); got.ExitCode == 0 {
		h.Error("a read-only mount was written to")
	}
	h.must(h.RemoveContainer(h.Context(), c, false))
	h.must(h.RemoveVolume(h.Context(), name))
	if _, still := h.volumes()[name]; still {
		h.Error("the removed volume is still listed")
	}
}

// anonymous is the name of the volume mounted at the target.
func (h *harness) anonymous(c engine.Ref, target string) string {
	h.Helper()
	for _, m := range h.inspect(c).Mounts {
		if m.Target == target && m.Type == "volume" && m.Name != "" {
			return m.Name
		}
	}
	h.Fatalf("no volume at %s", target)
	return ""
}

func (h *harness) testAnonymousVolume() {
	h.service("web", obedient, mounts(types.ServiceVolumeConfig{Type: "volume", Target: "/cache"}))
	c := h.create("web")
	name := h.anonymous(c, "/cache")
	h.must(h.RemoveContainer(h.Context(), c, false))
	if _, ok := h.volumes()[name]; !ok {
		h.Error("the anonymous volume is gone although nobody asked")
	}
	h.must(h.RemoveVolume(h.Context(), name))
	c = h.create("web")
	name = h.anonymous(c, "/cache")
	h.must(h.RemoveContainer(h.Context(), c, true))
	if _, still := h.volumes()[name]; still {
		h.Error("the anonymous volume is still there")
	}
}

func (h *harness) testInherit() {
	old := h.run("web", "echo kept > /cache/x; "+obedient, mounts(types.ServiceVolumeConfig{Type: "volume", Target: "/cache"}))
	name := h.anonymous(old, "/cache")
	spec := h.spec("web")
	spec.Name = "0123456789ab_" + spec.Name
	spec.Inherit = []engine.InheritedVolume{{Volume: name, Target: "/cache"}, {Volume: name, Target: "/unused", IfImageVolume: true}}
	r, err := h.CreateContainer(h.Context(), spec)
	h.must(err)
	successor := engine.Ref{ID: r.ID, Name: spec.Name}
	if got := h.anonymous(successor, "/cache"); got != name {
		h.Errorf("the successor mounts %s, want %s", got, name)
	}
	if got := len(h.inspect(successor).Mounts); got != 1 {
		h.Errorf("the successor has %d mounts, want 1", got)
	}
	h.must(h.RemoveContainer(h.Context(), old, true)) // the volume is in use: it stays
	h.must(h.StartContainer(h.Context(), successor))
	if got := h.exec(successor, "cat /cache/x").Output; got != "kept\n" {
		h.Errorf("data = %q, want kept", got)
	}
	h.must(h.RemoveContainer(h.Context(), successor, false))
	h.must(h.RemoveVolume(h.Context(), name))
}

func (h *harness) testImageInUse() {
	// An image of its own: where the common one has a second name, losing one is no
	// conflict, and every other test would miss it.
	h.service("web", obedient, nil)
	ref := h.name + "-own:1"
	_, err := h.CommitContainer(h.Context(), h.create("web"), engine.CommitOptions{Reference: ref})
	h.must(err)
	h.Cleanup(func() {
		h.sweep()
		h.must(h.RemoveImage(context.Background(), ref))
	})
	h.service("user", obedient, func(c *types.ServiceConfig) { c.Image = ref })
	h.create("user")
	if err := h.RemoveImage(h.Context(), ref); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("remove = %v, want a conflict", err)
	}
}

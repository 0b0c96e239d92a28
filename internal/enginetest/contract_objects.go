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
		{"a volume is made once", (*stage).testVolume, volumes},
		{"volumes are listed in their order", (*stage).testVolumeOrder, volumes},
		{"the labels of a volume are copied", (*stage).testVolumeLabels, volumes},
		{"a named volume outlives its containers", (*stage).testNamedVolume, containers | volumes | inside},
		{"a volume in use is a conflict", (*stage).testVolumeInUse, containers | volumes | inside},
		{"anonymous volumes go with their container on request", (*stage).testAnonymousVolume, containers | volumes},
		{"a successor inherits anonymous volumes", (*stage).testInherit, containers | volumes | inside},
		{"an image in use is a conflict", (*stage).testImageInUse, containers | images | inside},
	}
}

// volume declares a volume and makes it.
func (s *stage) volume(key string) string {
	s.Helper()
	name := s.name + "_" + key
	s.compose.Volumes[key] = types.VolumeConfig{Name: name}
	s.must(s.CreateVolume(s.Context(), s.project().Volume(key), s.labels(map[string]string{"kind": "test"})))
	return name
}

func mounts(vs ...types.ServiceVolumeConfig) func(*types.ServiceConfig) {
	return func(c *types.ServiceConfig) { c.Volumes = vs }
}

// volumes are the volumes of the engine by name.
func (s *stage) volumes() map[string]engine.Volume {
	s.Helper()
	vs, err := s.ListVolumes(s.Context())
	s.must(err)
	byName := map[string]engine.Volume{}
	for _, v := range vs {
		byName[v.Name] = v
	}
	return byName
}

func (s *stage) testVolume() {
	name := s.volume("data")
	s.volume("data") // once more is no error
	if got := s.volumes()[name]; got.Labels["kind"] != "test" || got.Labels["com.docker.compose.project"] != s.name {
		s.Errorf("volume = %+v, want its labels", got)
	}
	s.must(s.RemoveVolume(s.Context(), name))
	if _, still := s.volumes()[name]; still {
		s.Error("the removed volume is still listed")
	}
	s.must(s.RemoveVolume(s.Context(), name))
}

func (s *stage) testVolumeOrder() {
	for _, key := range []string{"m", "z", "a"} {
		s.volume(key)
	}
	have, err := s.ListVolumes(s.Context())
	s.must(err)
	if !slices.IsSortedFunc(have, func(a, b engine.Volume) int { return strings.Compare(a.Name, b.Name) }) {
		s.Errorf("volumes are not sorted: %+v", have)
	}
}

func (s *stage) testVolumeLabels() {
	name, labels := s.name+"_data", s.labels(map[string]string{"kind": "test"})
	s.compose.Volumes["data"] = types.VolumeConfig{Name: name}
	s.must(s.CreateVolume(s.Context(), s.project().Volume("data"), labels))
	labels["kind"] = "changed by its owner"
	v := s.volumes()[name]
	if v.Labels["kind"] != "test" {
		s.Errorf("labels = %v, want those of its creation", v.Labels)
	}
	v.Labels["kind"] = "changed by a reader"
	if v = s.volumes()[name]; v.Labels["kind"] != "test" {
		s.Errorf("labels = %v, want those of its creation", v.Labels)
	}
}

func (s *stage) testNamedVolume() {
	name := s.volume("data")
	s.volume("data") // once more is no error
	if got := s.volumes()[name]; got.Labels["kind"] != "test" || got.Driver != "local" {
		s.Errorf("volume = %+v, want its labels and driver local", got)
	}
	mount := mounts(types.ServiceVolumeConfig{Type: "volume", Source: "data", Target: "/data"})
	first := s.up("first", obedient, mount)
	s.exec(first, "echo kept > /data/x")
	s.must(s.RemoveContainer(s.Context(), first, true))
	second := s.up("second", obedient, mount)
	if got := s.exec(second, "cat /data/x").Output; got != "kept\n" {
		s.Errorf("data = %q, want kept", got)
	}
	l, _ := s.listed(second)
	want := engine.Mount{Type: "volume", Name: name, Target: "/data"}
	if i := slices.IndexFunc(l.Mounts, func(m engine.Mount) bool { return m.Target == "/data" }); i < 0 ||
		l.Mounts[i].Name != want.Name || l.Mounts[i].Type != want.Type || l.Mounts[i].ReadOnly {
		s.Errorf("mounts = %+v, want %+v among them", l.Mounts, want)
	}
}

func (s *stage) testVolumeInUse() {
	name := s.volume("data")
	s.service("web", obedient, mounts(types.ServiceVolumeConfig{Type: "volume", Source: "data", Target: "/data", ReadOnly: true}))
	c := s.create("web")
	if err := s.RemoveVolume(s.Context(), name); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("remove = %v, want a conflict", err)
	}
	s.must(s.StartContainer(s.Context(), c))
	if got := s.exec(c, "echo x > /data/x"); got.ExitCode == 0 {
		s.Error("a read-only mount was written to")
	}
	s.must(s.RemoveContainer(s.Context(), c, false))
	s.must(s.RemoveVolume(s.Context(), name))
	if _, still := s.volumes()[name]; still {
		s.Error("the removed volume is still listed")
	}
}

// anonymous is the name of the volume mounted at the target.
func (s *stage) anonymous(c engine.Ref, target string) string {
	s.Helper()
	for _, m := range s.inspect(c).Mounts {
		if m.Target == target && m.Type == "volume" && m.Name != "" {
			return m.Name
		}
	}
	s.Fatalf("no volume at %s", target)
	return ""
}

func (s *stage) testAnonymousVolume() {
	s.service("web", obedient, mounts(types.ServiceVolumeConfig{Type: "volume", Target: "/cache"}))
	c := s.create("web")
	name := s.anonymous(c, "/cache")
	s.must(s.RemoveContainer(s.Context(), c, false))
	if _, ok := s.volumes()[name]; !ok {
		s.Error("the anonymous volume is gone although nobody asked")
	}
	s.must(s.RemoveVolume(s.Context(), name))
	c = s.create("web")
	name = s.anonymous(c, "/cache")
	s.must(s.RemoveContainer(s.Context(), c, true))
	if _, still := s.volumes()[name]; still {
		s.Error("the anonymous volume is still there")
	}
}

func (s *stage) testInherit() {
	old := s.run("web", "echo kept > /cache/x; "+obedient, mounts(types.ServiceVolumeConfig{Type: "volume", Target: "/cache"}))
	name := s.anonymous(old, "/cache")
	spec := s.spec("web")
	spec.Name = "0123456789ab_" + spec.Name
	spec.Inherit = []engine.InheritedVolume{{Volume: name, Target: "/cache"}, {Volume: name, Target: "/unused", IfImageVolume: true}}
	r, err := s.CreateContainer(s.Context(), spec)
	s.must(err)
	successor := engine.Ref{ID: r.ID, Name: spec.Name}
	if got := s.anonymous(successor, "/cache"); got != name {
		s.Errorf("the successor mounts %s, want %s", got, name)
	}
	if got := len(s.inspect(successor).Mounts); got != 1 {
		s.Errorf("the successor has %d mounts, want 1", got)
	}
	s.must(s.RemoveContainer(s.Context(), old, true)) // the volume is in use: it stays
	s.must(s.StartContainer(s.Context(), successor))
	if got := s.exec(successor, "cat /cache/x").Output; got != "kept\n" {
		s.Errorf("data = %q, want kept", got)
	}
	s.must(s.RemoveContainer(s.Context(), successor, false))
	s.must(s.RemoveVolume(s.Context(), name))
}

func (s *stage) testImageInUse() {
	// An image of its own: where the common one has a second name, losing one is no
	// conflict, and every other test would miss it.
	s.service("web", obedient, nil)
	ref := s.name + "-own:1"
	_, err := s.CommitContainer(s.Context(), s.create("web"), engine.CommitOptions{Reference: ref})
	s.must(err)
	s.Cleanup(func() {
		s.sweep()
		s.must(s.RemoveImage(context.Background(), ref))
	})
	s.service("user", obedient, func(c *types.ServiceConfig) { c.Image = ref })
	s.create("user")
	if err := s.RemoveImage(s.Context(), ref); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("remove = %v, want a conflict", err)
	}
}

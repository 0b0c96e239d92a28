package convergence_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// lister answers list calls, counts them, and lets one wait for the others.
type lister struct {
	mu    sync.Mutex
	calls []string
	all   sync.WaitGroup // every call has begun
	fail  string
	refs  []engine.ImageRef
}

func (l *lister) call(name string) error {
	l.mu.Lock()
	l.calls = append(l.calls, name)
	l.mu.Unlock()
	l.all.Done()
	l.all.Wait()
	if l.fail == name {
		return errors.New("the connection broke")
	}
	return nil
}

func (l *lister) ListContainers(_ context.Context, f engine.ContainerFilter) ([]engine.Container, error) {
	mine := func(name string) engine.Container {
		return engine.Container{Ref: engine.Ref{ID: name, Name: name}, Project: f.Project, Service: "web"}
	}
	foreign := engine.Container{Ref: engine.Ref{Name: "x"}, Project: "other"}
	return []engine.Container{mine("b"), foreign, mine("a")}, l.call("containers")
}

func (l *lister) ListNetworks(context.Context) ([]engine.Network, error) {
	return []engine.Network{
		{ID: "1", Name: "shared"}, {ID: "2", Name: "bridge"},
		{ID: "3", Name: "demo_old", Labels: map[string]string{project.LabelProject: "demo"}},
	}, l.call("networks")
}

func (l *lister) ListVolumes(context.Context) ([]engine.Volume, error) {
	return []engine.Volume{
		{Name: "other_data", Labels: map[string]string{project.LabelProject: "other"}}, {Name: "demo_data"},
	}, l.call("volumes")
}

func (l *lister) ListImages(_ context.Context, refs []engine.ImageRef) ([]engine.Image, error) {
	l.refs = refs
	return []engine.Image{{Ref: "x:1"}}, l.call("images")
}

const observedFile = `
services:
  web: {image: "x:1", networks: [a], volumes: ["data:/data"]}
  job: {image: "x:1", networks: [a]}
networks: {a: {external: true, name: shared}}
volumes: {data: }
`

// TestObserve: four calls at the same time, filtered to what the project names
// or labels.
func TestObserve(t *testing.T) {
	l := &lister{}
	l.all.Add(4) // a call that waited for another's end would hang here
	o, err := up.Observe(t.Context(), l, load(t, observedFile, ""))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(l.calls)
	if got := strings.Join(l.calls, " "); got != "containers images networks volumes" {
		t.Errorf("calls: %s", got)
	}
	if len(l.refs) != 1 || l.refs[0].Ref != "x:1" {
		t.Errorf("images asked for: %v", l.refs)
	}
	if o.Project != "demo" || len(o.Containers) != 2 || o.Containers[0].Name != "a" {
		t.Errorf("containers: %v", o.Containers)
	}
	if len(o.Networks) != 2 || o.Networks[0].Name != "demo_old" || o.Networks[1].Name != "shared" {
		t.Errorf("networks: %v", o.Networks)
	}
	if len(o.Volumes) != 1 || o.Volumes[0].Name != "demo_data" {
		t.Errorf("volumes: %v", o.Volumes)
	}
}

// TestObserveProject: without a file only labels count, and no image is looked at.
func TestObserveProject(t *testing.T) {
	l := &lister{}
	l.all.Add(3)
	o, err := up.ObserveProject(t.Context(), l, "demo")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.calls) != 3 || len(o.Containers) != 2 || len(o.Networks) != 1 || len(o.Volumes) != 0 {
		t.Errorf("calls %v, observed %v", l.calls, o)
	}
}

// TestObserveFails: half an observation is none.
func TestObserveFails(t *testing.T) {
	for _, fail := range []string{"containers", "networks", "volumes", "images"} {
		l := &lister{fail: fail}
		l.all.Add(4)
		o, err := up.Observe(t.Context(), l, load(t, observedFile, ""))
		if err == nil || !strings.Contains(err.Error(), "observe project demo: ") || len(o.Containers)+len(o.Networks) > 0 {
			t.Errorf("%s fail: observed %v, error %v", fail, o, err)
		}
	}
}

package convergence_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"pgregory.net/rapid"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// Limits of what is drawn: small enough to read when a property fails.
const (
	mostServices = 6
	mostReplicas = 3
)

// generated are the images that drawn projects run. A job exits 0, the others
// run until they are stopped; their health checks pass.
func generated() (images []string, job string) {
	return []string{"app:1", "app:2", "store:1"}, "job:1"
}

// newGenerated is an engine that has the images of drawn projects.
func newGenerated() *memengine.Engine {
	e := memengine.New()
	images, job := generated()
	for _, ref := range images {
		e.AddImage(memengine.Image{Ref: ref})
	}
	e.AddImage(memengine.Image{Ref: "store:1", Volumes: []string{"/var/store"}})
	e.AddImage(memengine.Image{Ref: job})
	e.Program(job, memengine.Program{ExitAfter: time.Millisecond})
	return e
}

// generateProject draws a Compose project of that name: services with replicas,
// dependencies of all three conditions, networks, named and anonymous volumes,
// shared namespaces, published ports, health checks, restart policies.
func generateProject(t *rapid.T, name string) *project.Project {
	d := &drawing{T: t, p: &types.Project{
		Name: name, WorkingDir: "/srv/" + name, Services: types.Services{},
		Networks: types.Networks{}, Volumes: types.Volumes{},
	}}
	names := rapid.Permutation([]string{"api", "cache", "db", "job", "proxy", "web"}).Draw(t, "services")
	d.names = names[:rapid.IntRange(1, mostServices).Draw(t, "number of services")]
	for i := range d.names {
		d.service(i)
	}
	p, err := project.New(project.Input{Compose: d.p, Files: []string{d.p.WorkingDir + "/compose.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type drawing struct {
	*rapid.T
	p     *types.Project
	names []string // a service depends on earlier ones only
}

func (d *drawing) flip(label string) bool { return rapid.Bool().Draw(d.T, label) }

// rarely is true in one of four draws.
func (d *drawing) rarely(label string) bool { return rapid.IntRange(0, 3).Draw(d.T, label) == 3 }

func (d *drawing) service(i int) {
	name := d.names[i]
	images, job := generated()
	s := types.ServiceConfig{
		Name: name, Image: rapid.SampledFrom(images).Draw(d.T, name+" image"),
		DependsOn: types.DependsOnConfig{}, Networks: map[string]*types.ServiceNetworkConfig{},
		Environment: types.MappingWithEquals{},
	}
	if name == "job" {
		s.Image = job
	} else {
		s.Restart = rapid.SampledFrom([]string{"", "always", "on-failure:3", "unless-stopped"}).Draw(d.T, name+" restart")
	}
	if d.flip(name + " has a color") {
		color := rapid.SampledFrom([]string{"red", "green"}).Draw(d.T, name+" color")
		s.Environment["COLOR"] = &color
	}
	if name != "job" && d.flip(name+" has a check") {
		s.HealthCheck = &types.HealthCheckConfig{Test: []string{"CMD", "true"}}
	}
	replicas := rapid.IntRange(0, mostReplicas).Draw(d.T, name+" replicas")
	s.Scale = &replicas
	d.dependencies(&s, i)
	d.networks(&s, i)
	d.volumes(&s)
	if replicas == 1 && d.rarely(name+" has a name of its own") {
		s.ContainerName = d.p.Name + "." + name
	}
	if replicas <= 1 && s.NetworkMode == "" && d.rarely(name+" publishes") {
		s.Ports = []types.ServicePortConfig{{Mode: "ingress", Target: 80, Published: fmt.Sprint(8000 + i), Protocol: "tcp"}}
	}
	d.p.Services[name] = s
}

func (d *drawing) dependencies(s *types.ServiceConfig, i int) {
	for _, dep := range d.names[:i] {
		if !d.rarely(s.Name + " needs " + dep) {
			continue
		}
		condition := project.Started
		switch {
		case dep == "job":
			condition = project.Completed
		case d.p.Services[dep].HealthCheck != nil:
			condition = project.Healthy
		}
		s.DependsOn[dep] = types.ServiceDependency{
			Condition: string(condition), Required: true, Restart: d.rarely(s.Name + " restarts with " + dep),
		}
	}
}

func (d *drawing) networks(s *types.ServiceConfig, i int) {
	host := ""
	if i > 0 {
		host = d.names[i-1]
	}
	switch h := d.p.Services[host]; {
	case d.rarely(s.Name + " has no network"):
		s.NetworkMode = "none"
	case host != "" && host != "job" && h.GetScale() > 0 && h.NetworkMode == "" && d.rarely(s.Name+" joins "+host):
		s.NetworkMode = types.ServicePrefix + host
		if _, ok := s.DependsOn[host]; !ok {
			s.DependsOn[host] = types.ServiceDependency{Condition: string(project.Started), Required: true, Restart: true}
		}
	default:
		for _, key := range []string{"back", "front"} {
			if d.flip(s.Name + " is on " + key) {
				s.Networks[key] = nil
			}
		}
		if len(s.Networks) == 0 {
			s.Networks["default"] = nil
		}
	}
	for key := range s.Networks {
		d.p.Networks[key] = types.NetworkConfig{Name: d.p.Name + "_" + key}
	}
}

func (d *drawing) volumes(s *types.ServiceConfig) {
	for _, key := range []string{"data", "logs"} {
		if d.rarely(s.Name + " mounts " + key) {
			s.Volumes = append(s.Volumes, types.ServiceVolumeConfig{
				Type: "volume", Source: key, Target: "/" + key, Volume: &types.ServiceVolumeVolume{},
			})
			d.p.Volumes[key] = types.VolumeConfig{Name: d.p.Name + "_" + key}
		}
	}
	if d.rarely(s.Name + " has a cache") {
		s.Volumes = append(s.Volumes, types.ServiceVolumeConfig{Type: "volume", Target: "/cache", Volume: &types.ServiceVolumeVolume{}})
	}
}

// addStrangers fills the engine with what belongs to nobody or to another project:
// containers, some with names close to ours, networks and volumes. It returns
// the prefix that all their names have.
func addStrangers(t *rapid.T, e *memengine.Engine) (prefix string) {
	const theirs = "stranger"
	p := generateProject(t, theirs)
	ctx, hand := context.Background(), e.ByHand()
	must := func(err error) {
		if err != nil {
			t.Fatalf("make strangers: %v", err)
		}
	}
	labelled := rapid.Bool().Draw(t, "strangers are a project")
	labels := map[string]string{}
	if labelled {
		labels[project.LabelProject] = theirs
	}
	for _, n := range p.Networks {
		_, err := hand.CreateNetwork(ctx, n, labels)
		must(err)
	}
	for _, v := range p.Volumes {
		must(hand.CreateVolume(ctx, v, labels))
	}
	for _, s := range p.Services {
		if s.Spec.NetworkMode != "" || len(s.Spec.Ports) > 0 {
			continue
		}
		l := map[string]string{project.LabelService: s.Name, project.LabelConfigHash: string(s.Hash)}
		for k, v := range labels {
			l[k] = v
		}
		r, err := hand.CreateContainer(ctx, engine.CreateSpec{
			Project: p, Service: s, Name: theirs + "-" + s.Name + "-1", Number: 1, Labels: l,
		})
		must(err)
		if rapid.Bool().Draw(t, s.Name+" of the strangers runs") && s.Name != "job" {
			must(hand.StartContainer(ctx, engine.Ref{ID: r.ID}))
		}
	}
	return theirs
}

// disturbProject does to a project what people and accidents do: stops, kills,
// removals and pauses of containers, networks made twice, out of the
// orchestrator's sight.
func disturbProject(t *rapid.T, e *memengine.Engine, name string) {
	ctx, hand := context.Background(), e.ByHand()
	for _, key := range []string{"back", "default", "front"} {
		if rapid.IntRange(0, 9).Draw(t, key+" is made twice") == 9 {
			_ = hand.DuplicateNetwork(name + "_" + key) // the project may have none
		}
	}
	cs, err := hand.ListContainers(ctx, engine.ContainerFilter{Project: name})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		var err error
		switch act := rapid.SampledFrom([]string{"", "", "", "stop", "kill", "crash", "remove", "pause"}).Draw(t, "disturb "+c.Name); {
		case act == "stop":
			err = hand.StopContainer(ctx, c.Ref, nil)
		case act == "remove":
			err = hand.RemoveContainer(ctx, c.Ref, false)
		case act == "" || c.State != engine.Running:
		case act == "kill":
			err = hand.KillContainer(ctx, c.Ref, "KILL")
		case act == "crash":
			err = e.Crash(c.ID, 1)
		case act == "pause":
			err = hand.PauseContainer(ctx, c.Ref)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// linesOf are the lines of a Snapshot about objects whose names begin with the prefix.
func linesOf(snapshot, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(snapshot) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], prefix) {
			b.WriteString(line)
		}
	}
	return b.String()
}

package convergence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// now is the time of every golden plan.
var now = time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)

// observation reads a have section. Its lines are
//
//	everything                     all that was.yaml asks for: images, networks, volumes, running containers
//	image nginx:2 [digest=x] [age=30h] [platform=x]
//	network KEY [name=N] [foreign] [hash=x] [id=x]
//	volume KEY [name=N] [foreign] [hash=x]
//	container NAME [STATE] [key=value…]   a container of a slot (web-1), a one-off (web-run-x) or an orphan
//	- NAME                         not that container, network, volume or image after all
//
// Containers take labels, networks, mounts and ports from was.yaml; now: takes
// them from compose.yaml. Keys: code, health, id, name, image, anon=TARGET[:N],
// mount=VOLUME:TARGET, temp-of=ID, label:KEY=VALUE, made-by=compose, detached,
// unmounted, hook, key, read=FILE=TEXT, stopping, service, number, ports=HOST:CONTAINER.
func observation(t testing.TB, was, want *project.Project, text string) engine.Observed {
	t.Helper()
	w := &observationReader{t: t, was: was, want: want}
	w.have.Project = was.Name
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 0 && !strings.HasPrefix(line, "#") {
			w.line(fields)
		}
	}
	w.have.Sort()
	return w.have
}

type observationReader struct {
	t         testing.TB
	was, want *project.Project
	have      engine.Observed
	made      int
}

func (w *observationReader) line(f []string) {
	switch f[0] {
	case "everything":
		w.everything()
	case "image":
		w.image(f[1], f[2:])
	case "network":
		w.network(f[1], f[2:])
	case "volume":
		w.volume(f[1], f[2:])
	case "container":
		w.container(f[1], f[2:])
	case "-":
		w.drop(f[1])
	default:
		w.t.Fatalf("have: what is %q?", strings.Join(f, " "))
	}
}

func (w *observationReader) everything() {
	for _, n := range w.was.Networks {
		w.network(n.Key, nil)
	}
	for _, v := range w.was.Volumes {
		w.volume(v.Key, nil)
	}
	services := slices.Clone(w.was.Services) // who shares a namespace comes after those that have one
	slices.SortStableFunc(services, func(a, b *project.Service) int { return len(a.Namespaces) - len(b.Namespaces) })
	for _, s := range services {
		if !slices.ContainsFunc(w.have.Images, func(m engine.Image) bool { return m.Ref == s.Image && m.Wanted == s.Platform }) {
			w.image(s.Image, []string{"platform=" + s.Platform})
		}
		state := []string{"running"}
		healthy := func(d project.Dependency) bool { return d.Condition == project.Healthy }
		if check := s.Spec.HealthCheck; check != nil && !check.Disable || len(w.was.Dependents(s.Name, healthy)) > 0 {
			state = append(state, "health=healthy")
		}
		for n := range s.Replicas {
			w.container(fmt.Sprintf("%s-%d", s.Name, n+1), state)
		}
	}
}

func (w *observationReader) drop(name string) {
	w.have.Containers = slices.DeleteFunc(w.have.Containers, func(c engine.Container) bool { return c.Name == w.was.Name+"-"+name || c.Name == name })
	w.have.Networks = slices.DeleteFunc(w.have.Networks, func(n engine.Network) bool { return n.Name == name })
	w.have.Volumes = slices.DeleteFunc(w.have.Volumes, func(v engine.Volume) bool { return v.Name == name })
	w.have.Images = slices.DeleteFunc(w.have.Images, func(m engine.Image) bool { return m.Ref == name })
}

func digest(of string) string {
	sum := sha256.Sum256([]byte(of))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (w *observationReader) image(ref string, opts []string) {
	m := engine.Image{Ref: ref, Digest: digest(ref), LastTagged: now}
	for _, o := range opts {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "digest":
			m.Digest = digest(value)
		case "platform":
			m.Wanted = value
		case "age":
			age, err := time.ParseDuration(value)
			if err != nil {
				w.t.Fatal(err)
			}
			m.LastTagged = now.Add(-age)
		}
	}
	m.ID = m.Digest
	w.have.Images = append(slices.DeleteFunc(w.have.Images, func(o engine.Image) bool { return o.Ref == ref && o.Wanted == m.Wanted }), m)
}

func (w *observationReader) network(key string, opts []string) {
	n := engine.Network{Name: w.was.Name + "_" + key, Driver: "bridge", Labels: map[string]string{
		project.LabelProject: w.was.Name, project.LabelNetwork: key,
	}}
	if declared := w.was.Network(key); declared != nil {
		n.Name = declared.Name
		n.Labels[project.LabelConfigHash] = string(declared.Hash)
	}
	objectOptions(opts, n.Labels, &n.Name)
	n.ID = "net-" + n.Name
	for _, o := range opts {
		if id, ok := strings.CutPrefix(o, "id="); ok {
			n.ID = id
		}
	}
	w.have.Networks = append(slices.DeleteFunc(w.have.Networks, func(o engine.Network) bool { return o.ID == n.ID }), n)
}

func (w *observationReader) volume(key string, opts []string) {
	v := engine.Volume{Name: w.was.Name + "_" + key, Driver: "local", Labels: map[string]string{
		project.LabelProject: w.was.Name, project.LabelVolume: key,
	}}
	if declared := w.was.Volume(key); declared != nil {
		v.Name = declared.Name
		v.Labels[project.LabelConfigHash] = string(declared.Hash)
	}
	if declared := w.was.Volume(key); declared != nil && declared.External {
		clear(v.Labels)
	}
	objectOptions(opts, v.Labels, &v.Name)
	w.have.Volumes = append(slices.DeleteFunc(w.have.Volumes, func(o engine.Volume) bool { return o.Name == v.Name }), v)
}

func objectOptions(opts []string, labels map[string]string, name *string) {
	for _, o := range opts {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "name":
			*name = value
		case "foreign":
			clear(labels)
		case "hash":
			labels[project.LabelConfigHash] = value
		}
	}
}

// container makes or changes a container. Its name gives service and number,
// unless they are given.
func (w *observationReader) container(name string, opts []string) {
	from := w.was
	if rest, ok := strings.CutPrefix(name, "now:"); ok {
		name, from = rest, w.want
	}
	service, number, slot := splitSlot(name)
	temp := slices.ContainsFunc(opts, func(o string) bool { return strings.HasPrefix(o, "temp-of=") || strings.HasPrefix(o, "name=") })
	if i := slices.IndexFunc(w.have.Containers, func(c engine.Container) bool { return c.Service == service && c.Number == number && !c.OneOff }); i >= 0 && slot && !temp {
		w.options(&w.have.Containers[i], opts)
		return
	}
	w.made++
	c := engine.Container{Ref: engine.Ref{ID: fmt.Sprintf("c%02d%061d", w.made, 0), Name: w.was.Name + "-" + name}, Project: w.was.Name, State: engine.Running}
	c.Service, c.Number, c.OneOff = service, number, !slot
	if s := from.Service(service); s != nil {
		w.fromService(&c, from, s)
	} else {
		c.Labels = map[string]string{project.LabelConfigHash: "0123"}
	}
	w.options(&c, opts)
	c.Labels[project.LabelProject], c.Labels[project.LabelService] = w.was.Name, c.Service
	w.have.Containers = append(w.have.Containers, c)
}

func splitSlot(name string) (service string, number int, ok bool) {
	if before, _, oneOff := strings.Cut(name, "-run-"); oneOff {
		return before, 0, false
	}
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name, 0, false
	}
	n, err := strconv.Atoi(name[i+1:])
	return name[:i], n, err == nil
}

// fromService makes the container what the service asks for: labels as the
// planner itself writes them, everything attached and mounted.
func (w *observationReader) fromService(c *engine.Container, p *project.Project, s *project.Service) {
	ids := map[string]string{}
	for _, ns := range s.Namespaces {
		for _, o := range w.have.Containers {
			if o.Service == ns.Service {
				ids[ns.Service] = o.ID
			}
		}
	}
	spec := engine.CreateSpec{
		Project: p, Service: s, Number: c.Number, Name: p.ContainerName(s, c.Number),
		Labels: creation.ContainerLabels(p, s, c.Number, c.Number == 0), Refs: map[string]engine.Ref{},
	}
	for service, id := range ids {
		spec.Refs[service] = engine.Ref{ID: id, Name: service}
	}
	spec, err := spec.Complete(w.have.Images, ids)
	if err != nil {
		w.t.Fatal(err)
	}
	c.Labels, c.Image = spec.Labels, s.Image
	oneOffName := c.Name
	c.Name = p.ContainerName(s, c.Number)
	if c.OneOff {
		c.Name = oneOffName
	}
	if s.Spec.NetworkMode == "" {
		for _, key := range s.Networks {
			n := p.Network(key)
			at := engine.Attachment{Network: n.Name, NetworkID: "net-" + n.Name}
			if wanted := s.Spec.Networks[key]; wanted != nil {
				at.Address = wanted.Ipv4Address
			}
			c.Networks = append(c.Networks, at)
		}
	}
	for i, v := range s.Spec.Volumes {
		switch {
		case v.Type == "volume" && v.Source == "":
			c.Mounts = append(c.Mounts, engine.Mount{Type: "volume", Name: anonymousName(c.Name, i), Target: v.Target})
		case v.Type == "volume":
			c.Mounts = append(c.Mounts, engine.Mount{Type: "volume", Name: p.Volume(v.Source).Name, Target: v.Target})
		case v.Type == "bind":
			c.Mounts = append(c.Mounts, engine.Mount{Type: "bind", Source: v.Source, Target: v.Target})
		}
	}
	for _, port := range s.Spec.Ports {
		host, err := strconv.Atoi(port.Published)
		if err == nil {
			c.Ports = append(c.Ports, engine.Port{HostPort: host, Container: int(port.Target), Protocol: port.Protocol})
		}
	}
}

func anonymousName(of string, i int) string {
	sum := sha256.Sum256([]byte(of + strconv.Itoa(i)))
	return hex.EncodeToString(sum[:])
}

func (w *observationReader) options(c *engine.Container, opts []string) {
	for _, o := range opts {
		key, value, _ := strings.Cut(o, "=")
		label, isLabel := strings.CutPrefix(key, "label:")
		switch {
		case isLabel:
			c.Labels[label] = value
		case key == "key":
			c.Labels[project.LabelKey] = value
		case key == "read":
			id, text, _ := strings.Cut(value, "=")
			if w.have.Content == nil {
				w.have.Content = map[string]map[string]project.Fingerprint{}
			}
			if w.have.Content[c.ID] == nil {
				w.have.Content[c.ID] = map[string]project.Fingerprint{}
			}
			w.have.Content[c.ID][id] = testKey().Digest(project.Path(w.was.Name, id), []byte(text))
		case key == "stopping":
			if w.have.Stopping == nil {
				w.have.Stopping = map[string]engine.Stopping{}
			}
			w.have.Stopping[c.ID] = engine.Stopping{Within: time.Second}
		case key == "code":
			c.ExitCode = atoi(w.t, value)
		case key == "health":
			c.Health = engine.Health(value)
		case key == "id":
			c.ID = value
		case key == "name":
			c.Name = value
		case key == "image":
			c.Image = value
		case key == "service":
			c.Service = value
		case key == "number":
			c.Number, c.OneOff = atoi(w.t, value), false
		case key == "anon":
			target, of, _ := strings.Cut(value, ":")
			c.Mounts = append(c.Mounts, engine.Mount{Type: "volume", Name: anonymousName(of, len(c.Mounts)), Target: target})
		case key == "mount":
			name, target, _ := strings.Cut(value, ":")
			c.Mounts = append(c.Mounts, engine.Mount{Type: "volume", Name: name, Target: target})
		case key == "same-mounts":
			old, _ := w.have.Container(fmt.Sprintf("%s%061d", value, 0))
			c.Mounts = old.Mounts
			c.Labels[project.LabelReplace] = c.Service
		case key == "temp-of":
			c.Name = project.TemporaryName(fmt.Sprintf("%s%061d", value, 0), c.Name)
		case key == "made-by":
			for l := range c.Labels {
				if strings.HasPrefix(l, project.LabelPrefix) {
					delete(c.Labels, l)
				}
			}
		case key == "ports":
			host, inside, _ := strings.Cut(value, ":")
			c.Ports = []engine.Port{{HostPort: atoi(w.t, host), Container: atoi(w.t, inside), Protocol: "tcp"}}
		case key == "network":
			c.Networks = append(c.Networks, engine.Attachment{Network: value, NetworkID: "net-" + value})
		case key == "detached":
			c.Networks = nil
		case key == "unmounted":
			c.Mounts = nil
		case key == "hook":
			delete(c.Labels, project.LabelConfigHash)
			c.Labels[project.LabelHook] = "pre_start"
		default:
			c.State = engine.State(key)
		}
	}
}

func atoi(t testing.TB, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

package ui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// publisher is one container port in JSON output.
type publisher struct {
	URL           string
	TargetPort    int
	PublishedPort int
	Protocol      string
}

// ContainerRow is a container as `ps` shows it. The fields are those of Docker
// Compose, in the order of its JSON.
type ContainerRow struct {
	Command      string
	CreatedAt    string
	Engine       string
	ExitCode     any // an int; a title in the header
	Health       string
	ID           string
	Image        string
	Labels       string
	LocalVolumes string
	Mounts       string
	Name         string
	Names        string
	Networks     string
	Ports        string
	Project      string
	Publishers   any // []publisher; a title in the header
	RunningFor   string
	Service      string
	Size         string
	State        string
	Status       string
	Supervision  string `json:",omitempty"` // not Docker Compose's: shown where it says something

	labels map[string]string
	title  bool
}

// Label is the value of the container's label, for templates.
func (r ContainerRow) Label(key string) string {
	if r.title {
		return strings.ToUpper(key[strings.LastIndexByte(key, '.')+1:])
	}
	return Escape(r.labels[key])
}

// ContainerTable is the table of `ps`. Texts are shortened unless full is set;
// now is the time that ages are relative to. supervision says by container name what a
// supervisor does for it; without any there is no such column.
func ContainerTable(cs []engine.Container, supervision map[string]string, now time.Time, full bool) Table[ContainerRow] {
	t := Table[ContainerRow]{Header: containerHeader(), MinWidth: 10, Raw: rawContainer}
	t.Columns = "{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}"
	e := func(c engine.Container) bool { return c.Labels[project.LabelEngine] != "" }
	if slices.ContainsFunc(cs, e) {
		t.Columns += "\t{{.Engine}}"
	}
	supervised := func(c engine.Container) bool { return supervision[c.Name] != "" }
	if slices.ContainsFunc(cs, supervised) {
		t.Columns += "\t{{.Supervision}}"
	}
	cs = slices.Clone(cs)
	slices.SortStableFunc(cs, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range cs {
		row := containerRow(c, now, full)
		row.Supervision = supervision[c.Name]
		t.Rows = append(t.Rows, row)
	}
	return t
}

func containerHeader() ContainerRow {
	return ContainerRow{
		Command: "COMMAND", CreatedAt: "CREATED AT", Engine: "ENGINE", ExitCode: "EXIT CODE", Health: "HEALTH",
		ID: "CONTAINER ID", Image: "IMAGE", Labels: "LABELS", LocalVolumes: "LOCAL VOLUMES", Mounts: "MOUNTS",
		Name: "NAME", Names: "NAMES", Networks: "NETWORKS", Ports: "PORTS", Project: "PROJECT", Publishers: "PUBLISHERS",
		RunningFor: "CREATED", Service: "SERVICE", Size: "SIZE", State: "STATE", Status: "STATUS", Supervision: "SUPERVISION", title: true,
	}
}

const rawContainer = "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\n" +
	"state: {{.State}}\nstatus: {{.Status}}\nnames: {{.Names}}\nlabels: {{.Labels}}\nports: {{.Ports}}\n"

func containerRow(c engine.Container, now time.Time, full bool) ContainerRow {
	r := ContainerRow{
		Command: c.Command, CreatedAt: c.Created.Format("2006-01-02 15:04:05 -0700 MST"), Engine: c.Labels[project.LabelEngine],
		ExitCode: 0, ID: c.ID, Image: c.Image, Labels: labelList(c.Labels), Name: c.Name, Names: c.Name, Project: c.Project,
		Ports: portList(c.Ports), Publishers: publishers(c.Ports), RunningFor: ago(now.Sub(c.Created)) + " ago",
		Service: c.Service, Size: byteSize(c.SizeRw), State: string(c.State), Status: c.Status, labels: c.Labels,
	}
	switch c.State {
	case engine.Exited, engine.Dead:
		r.ExitCode = c.ExitCode
	case engine.Running:
		r.Health = string(c.Health)
	}
	var mounts, networks []string
	volumes := 0
	for _, m := range c.Mounts {
		if m.Type == "volume" {
			volumes++
		}
		name := cmp.Or(m.Name, m.Source, m.Target)
		if !full {
			name = ellipsis(name, 15)
		}
		mounts = append(mounts, name)
	}
	for _, n := range c.Networks {
		networks = append(networks, n.Network)
	}
	r.LocalVolumes, r.Mounts, r.Networks = strconv.Itoa(volumes), strings.Join(mounts, ","), strings.Join(networks, ",")
	if !full {
		r.ID = r.ID[:min(12, len(r.ID))]
		r.Command = ellipsis(r.Command, 20)
	}
	r.Command = strconv.Quote(r.Command)
	return r
}

func labelList(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, k+"="+labels[k])
	}
	return strings.Join(parts, ",")
}

func publishers(ports []engine.Port) []publisher {
	ps := []publisher{}
	for _, p := range ports {
		ps = append(ps, publisher{URL: p.HostIP, TargetPort: p.Container, PublishedPort: p.HostPort, Protocol: p.Protocol})
	}
	slices.SortStableFunc(ps, func(a, b publisher) int {
		return cmp.Or(cmp.Compare(a.TargetPort, b.TargetPort), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.URL, b.URL), cmp.Compare(a.PublishedPort, b.PublishedPort))
	})
	return ps
}

// portList is what the Docker CLI shows: "0.0.0.0:80->8080/tcp, 9000-9002/tcp".
// Neighbouring ports of the same kind become ranges.
func portList(ports []engine.Port) string {
	ports = slices.Clone(ports)
	slices.SortFunc(ports, func(a, b engine.Port) int {
		return cmp.Or(cmp.Compare(a.HostIP, b.HostIP), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Container, b.Container), cmp.Compare(a.HostPort, b.HostPort))
	})
	var open, published []string
	for i := 0; i < len(ports); {
		n := 1
		for i+n < len(ports) && follows(ports[i], ports[i+n], n) {
			n++
		}
		text := portRange(ports[i], n)
		if ports[i].HostPort == 0 {
			open = append(open, text)
		} else {
			published = append(published, text)
		}
		i += n
	}
	return strings.Join(append(published, open...), ", ")
}

func follows(first, p engine.Port, distance int) bool {
	if p.HostIP != first.HostIP || p.Protocol != first.Protocol || p.Container != first.Container+distance {
		return false
	}
	return (first.HostPort == 0 && p.HostPort == 0) || (first.HostPort != 0 && p.HostPort == first.HostPort+distance)
}

func portRange(p engine.Port, n int) string {
	span := func(first int) string {
		if n == 1 {
			return strconv.Itoa(first)
		}
		return fmt.Sprintf("%d-%d", first, first+n-1)
	}
	if p.HostPort == 0 {
		return span(p.Container) + "/" + p.Protocol
	}
	host := p.HostIP
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if host != "" {
		host += ":"
	}
	return fmt.Sprintf("%s%s->%s/%s", host, span(p.HostPort), span(p.Container), p.Protocol)
}

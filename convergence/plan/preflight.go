package plan

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Listener is a socket on which a process of the host listens.
type Listener struct {
	IP       string // empty is every address
	Port     int
	Protocol string // tcp or udp
	Process  string // "nginx (pid 812)"; empty if it is not known
}

// Conflict is a container name or a host port that a plan needs and somebody
// else has.
type Conflict struct {
	Service string
	Object  string // "container name x" or "host port 0.0.0.0:80/tcp"
	Holder  string // who has it, in words
	Pos     project.Position
	// Late says that the holder is a container of the service itself, which came
	// up after the plan was made: the late call of a run that was killed.
	Late bool
}

// Unwrap is ErrStale if another look at the engine solves the conflict.
func (c Conflict) Unwrap() error {
	if c.Late {
		return engine.ErrStale
	}
	return nil
}

// Error says who wants what that whom has.
func (c Conflict) Error() string {
	return At(c.Pos, "service %s: %s is taken by %s", c.Service, c.Object, c.Holder).Error()
}

// Preflight finds what would make the plan fail half-way: container names held
// by containers that the plan does not remove, and fixed host ports held by
// containers that it does not stop, by processes of the host, or by two of its
// own containers. all are the engine's containers of every project. It is pure.
func Preflight(p Plan, want *project.Project, all []engine.Container, listening []Listener) []Conflict {
	f := preflight{want: want, all: all, listening: listening, leaves: map[string]bool{}, stops: map[string]bool{}}
	for _, s := range p.Steps {
		about := s.Action.About()
		f.stops[about.Target.ID] = f.stops[about.Target.ID] || about.Ends
		f.leaves[about.Target.ID] = f.leaves[about.Target.ID] || about.Removes || about.NewName != ""
	}
	for _, s := range p.Steps {
		about := s.Action.About()
		switch {
		case about.Creates != nil:
			f.name(about.Creates.Service, about.Creates.Name)
		case about.NewName != "":
			f.rename(p, about)
		case about.Starts:
			f.ports(about)
		}
	}
	slices.SortStableFunc(f.found, func(a, b Conflict) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column),
			strings.Compare(a.Service, b.Service), strings.Compare(a.Object, b.Object))
	})
	return slices.Compact(f.found)
}

type preflight struct {
	want      *project.Project
	all       []engine.Container
	listening []Listener
	leaves    map[string]bool // containers whose names become free, by ID
	stops     map[string]bool // containers whose ports become free, by ID
	bound     []binding       // ports of containers that the plan starts
	found     []Conflict
}

type binding struct {
	ip, protocol string
	port         int
	target       engine.Ref
}

func (f *preflight) name(s *project.Service, name string) {
	for _, c := range f.all {
		if c.Name != name || f.leaves[c.ID] {
			continue
		}
		pos := s.Pos
		if s.ContainerName != "" {
			pos = f.want.Positions.Of("services", s.Name, "container_name")
		}
		late := c.Project == f.want.Name && c.Service == s.Name && engine.Ours(c, nil, f.want).Role == engine.Replica
		f.found = append(f.found, Conflict{Service: s.Name, Object: "container name " + name, Holder: nameHolder(f.want, c), Pos: pos, Late: late})
	}
}

// rename checks the final name of a successor.
func (f *preflight) rename(p Plan, about About) {
	for _, s := range p.Steps {
		if made := s.Action.About().Creates; made != nil && made.Name == about.Target.Name {
			f.name(made.Service, about.NewName)
		}
	}
}

// nameHolder names a container for somebody who does not expect it.
func nameHolder(want *project.Project, c engine.Container) string {
	words := "container " + c.Name
	switch {
	case c.Project != "" && c.Project != want.Name:
		words += fmt.Sprintf(" of project %s", c.Project)
	case c.Project == "":
		words += ", which belongs to no project"
	}
	return words
}

// ports checks the fixed host ports of a container that is started.
func (f *preflight) ports(about About) {
	s := f.want.Service(about.Service)
	if s == nil {
		return
	}
	for i, p := range s.Spec.Ports {
		port, err := strconv.Atoi(p.Published)
		if err != nil { // none, or a range of which the engine picks one
			continue
		}
		b := binding{ip: p.HostIP, protocol: cmp.Or(strings.ToLower(p.Protocol), "tcp"), port: port, target: about.Target}
		if holder := f.holder(b); holder != "" {
			f.found = append(f.found, Conflict{
				Service: s.Name, Object: "host port " + b.String(), Holder: holder,
				Pos: f.want.Positions.Of("services", s.Name, "ports", fmt.Sprintf("[%d]", i)),
			})
		}
		f.bound = append(f.bound, b)
	}
}

func (b binding) String() string {
	if b.ip == "" {
		return fmt.Sprintf("%d/%s", b.port, b.protocol)
	}
	return net.JoinHostPort(b.ip, strconv.Itoa(b.port)) + "/" + b.protocol
}

// holder is who has the port; empty if it is free, or will be. A port of a
// container shows up as a listener too: the container decides.
func (f *preflight) holder(b binding) string {
	for _, o := range f.bound {
		if o.port == b.port && o.protocol == b.protocol && engine.Overlaps(o.ip, b.ip) && o.target != b.target {
			return "container " + o.target.Name + " of the same plan"
		}
	}
	freed := false
	for _, c := range f.all {
		if !c.Up() || c.ID == b.target.ID || !slices.ContainsFunc(c.Ports, func(p engine.Port) bool {
			return p.HostPort == b.port && engine.SameProtocol(p.Protocol, b.protocol) && engine.Overlaps(p.HostIP, b.ip)
		}) {
			continue
		}
		if !f.stops[c.ID] {
			return nameHolder(f.want, c)
		}
		freed = true
	}
	if freed {
		return ""
	}
	for _, l := range f.listening {
		if l.Port == b.port && engine.SameProtocol(l.Protocol, b.protocol) && engine.Overlaps(l.IP, b.ip) {
			return cmp.Or(l.Process, "a process of this host")
		}
	}
	return ""
}

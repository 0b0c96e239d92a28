package project

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// GrantKinds are the grants that a policy can deny.
var GrantKinds = [...]string{"privileged", "sock", "hostnet", "hostns", "cap-add", "device", "unconfined", "bind-outside-project"}

// Grant is a power over the host that a service asks for.
type Grant struct {
	Kind      string // one of GrantKinds
	Service   string
	Attribute string // that asks for it, such as cap_add or deploy.resources
	Pos       Position
	What      string
}

// Grants are the services' grants of those kinds, by service and then in the
// order of the file. Paths are taken
// as they are written: whether they are links is not looked at.
func (p *Project) Grants() []Grant {
	var gs []Grant
	for _, s := range p.Services {
		first := len(gs)
		add := func(kind, attribute, what string) {
			gs = append(gs, Grant{kind, s.Name, attribute, p.Positions.Of(append([]string{"services", s.Name}, strings.Split(attribute, ".")...)...), what})
		}
		privileges(s, add)
		p.hostNamespaces(s, add)
		devices(s, add)
		p.binds(s, add)
		slices.SortStableFunc(gs[first:], func(a, b Grant) int {
			return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
		})
	}
	return gs
}

// addGrant takes a grant's kind, the attribute that asks for it, and what it is.
type addGrant func(kind, attribute, what string)

func privileges(s *Service, add addGrant) {
	if s.Spec.Privileged {
		add("privileged", "privileged", "privileged")
	}
	if b := s.Spec.Build; b != nil && (b.Privileged || slices.Contains(b.Entitlements, "security.insecure")) {
		add("privileged", "build", "a privileged build")
	}
	for _, hooks := range []struct {
		attribute string
		list      []Hook
	}{{"pre_start", s.PreStart}, {"post_start", s.PostStart}, {"pre_stop", s.PreStop}} {
		for _, h := range hooks.list {
			if h.Privileged {
				add("privileged", hooks.attribute, "a privileged hook")
			}
		}
	}
	for _, c := range s.Spec.CapAdd {
		add("cap-add", "cap_add", "capability "+c)
	}
	unconfined := []string{"seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined", "label=disable"}
	for _, o := range s.Spec.SecurityOpt {
		// The engine takes the old form with a colon as well.
		if slices.Contains(unconfined, strings.Replace(o, ":", "=", 1)) {
			add("unconfined", "security_opt", "security_opt "+o)
		}
	}
}

func (p *Project) hostNamespaces(s *Service, add addGrant) {
	if s.Spec.NetworkMode == "host" {
		add("hostnet", "network_mode", "the host's network")
	}
	for _, n := range p.Networks {
		if n.Name == "host" && slices.Contains(s.Networks, n.Key) {
			add("hostnet", "networks", "the host's network")
		}
	}
	if b := s.Spec.Build; b != nil && (b.Network == "host" || slices.Contains(b.Entitlements, "network.host")) {
		add("hostnet", "build", "the host's network for its build")
	}
	for _, ns := range []struct{ attribute, mode, what string }{
		{"pid", s.Spec.Pid, "processes"}, {"ipc", s.Spec.Ipc, "shared memory"}, {"userns_mode", s.Spec.UserNSMode, "users"},
		{"uts", s.Spec.Uts, "names"}, {"cgroup", s.Spec.Cgroup, "control groups"},
	} {
		if ns.mode == "host" {
			add("hostns", ns.attribute, "the namespace of the host's "+ns.what)
		}
	}
}

func devices(s *Service, add addGrant) {
	for _, d := range s.Spec.Devices {
		add("device", "devices", "device "+d.Source)
	}
	for _, r := range s.Spec.DeviceCgroupRules {
		add("device", "device_cgroup_rules", "devices "+r)
	}
	if len(s.Spec.Gpus) > 0 {
		add("device", "gpus", "graphics processors")
	}
	if d := s.Spec.Deploy; d != nil && d.Resources.Reservations != nil && len(d.Resources.Reservations.Devices) > 0 {
		add("device", "deploy.resources", "reserved devices")
	}
}

func (p *Project) binds(s *Service, add addGrant) {
	if s.Spec.UseAPISocket {
		add("sock", "use_api_socket", "the engine's socket")
	}
	for _, v := range s.Spec.Volumes {
		source := v.Source
		if v.Type == types.VolumeTypeVolume {
			source = p.boundBy(v.Source)
		} else if v.Type != types.VolumeTypeBind {
			continue
		}
		if source == "" {
			continue
		}
		if strings.HasSuffix(source, "/docker.sock") {
			add("sock", "volumes", "the engine's socket "+source)
		}
		if in, err := filepath.Rel(p.Dir, source); err != nil || in == ".." || strings.HasPrefix(in, "../") {
			add("bind-outside-project", "volumes", source+", which is outside of the project's directory")
		}
	}
}

// boundBy is the host's directory that a named volume of the local driver
// stands for; empty if the engine keeps its data.
func (p *Project) boundBy(key string) string {
	for _, v := range p.Volumes {
		device, options := v.Spec.DriverOpts["device"], strings.Split(v.Spec.DriverOpts["o"], ",")
		bound := slices.Contains(options, "bind") || slices.Contains(options, "rbind")
		if v.Key == key && !v.External && filepath.IsAbs(device) && bound {
			return device
		}
	}
	return ""
}

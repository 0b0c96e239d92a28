package project

import (
	"path/filepath"
	"strings"
)

// GrantKinds are the grants that a policy can deny.
var GrantKinds = [...]string{"privileged", "sock", "hostnet", "bind-outside-project"}

// Grant is a power over the host that a service asks for.
type Grant struct {
	Kind    string // one of GrantKinds
	Service string
	Pos     Position
	What    string
}

// Grants are the services' grants of those kinds, by service.
func (p *Project) Grants() []Grant {
	var gs []Grant
	for _, s := range p.Services {
		add := func(kind, attribute, what string) {
			gs = append(gs, Grant{kind, s.Name, p.Positions.Of("services", s.Name, attribute), what})
		}
		if s.Spec.Privileged {
			add("privileged", "privileged", "privileged")
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
		if s.Spec.NetworkMode == "host" {
			add("hostnet", "network_mode", "the host's network")
		}
		if s.Spec.UseAPISocket {
			add("sock", "use_api_socket", "the engine's socket")
		}
		for _, v := range s.Spec.Volumes {
			if v.Type != "bind" {
				continue
			}
			if strings.HasSuffix(v.Source, "/docker.sock") {
				add("sock", "volumes", "the engine's socket "+v.Source)
			}
			if in, err := filepath.Rel(p.Dir, v.Source); err != nil || in == ".." || strings.HasPrefix(in, "../") {
				add("bind-outside-project", "volumes", v.Source+", which is outside of the project's directory")
			}
		}
	}
	return gs
}

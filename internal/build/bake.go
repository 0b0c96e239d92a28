package build

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/builder"
	"github.com/musterdev/muster/project"
)

// bakeFile is the part of a bake file that a project needs.
type bakeFile struct {
	Group  map[string]bakeGroup  `json:"group"`
	Target map[string]bakeTarget `json:"target"`
}

type bakeGroup struct {
	Targets []string `json:"targets"`
}

type bakeTarget struct {
	Context          string            `json:"context,omitempty"`
	Contexts         map[string]string `json:"contexts,omitempty"`
	Dockerfile       string            `json:"dockerfile,omitempty"`
	DockerfileInline string            `json:"dockerfile-inline,omitempty"`
	Args             map[string]string `json:"args,omitempty"`
	Labels           map[string]string `json:"labels,omitempty"`
	Tags             []string          `json:"tags,omitempty"`
	CacheFrom        []string          `json:"cache-from,omitempty"`
	CacheTo          []string          `json:"cache-to,omitempty"`
	Network          string            `json:"network,omitempty"`
	NoCache          bool              `json:"no-cache,omitempty"`
	NoCacheFilter    []string          `json:"no-cache-filter,omitempty"`
	Platforms        []string          `json:"platforms,omitempty"`
	Target           string            `json:"target,omitempty"`
	Secrets          []string          `json:"secret,omitempty"`
	SSH              []string          `json:"ssh,omitempty"`
	Pull             bool              `json:"pull,omitempty"`
	ShmSize          string            `json:"shm-size,omitempty"`
	Ulimits          []string          `json:"ulimits,omitempty"`
	Entitlements     []string          `json:"entitlements,omitempty"`
	ExtraHosts       map[string]string `json:"extra-hosts,omitempty"`
	Attest           []string          `json:"attest,omitempty"`
	Outputs          []string          `json:"output,omitempty"`
}

// Bake writes the builds of the services as a bake file, for people who want to
// build them with another tool, and of what they build on. Values of secrets are
// not in it.
func Bake(p *project.Project, services []*project.Service, spec func(*project.Service) engine.BuildSpec) ([]byte, error) {
	f := bakeFile{Group: map[string]bakeGroup{}, Target: map[string]bakeTarget{}}
	var names []string
	for _, s := range services {
		if s.Build {
			names = append(names, s.Name)
		}
	}
	all, err := images.WithBases(p, services)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if !s.Build {
			continue
		}
		if f.Target[s.Name], err = newBakeTarget(p, spec(s)); err != nil {
			return nil, fmt.Errorf("print the build of %s: %w", s.Name, err)
		}
	}
	f.Group["default"] = bakeGroup{names}
	text, err := json.MarshalIndent(f, "", "  ")
	return append(text, '\n'), err
}

func newBakeTarget(p *project.Project, spec engine.BuildSpec) (bakeTarget, error) {
	b := spec.Service.Spec.Build
	r, err := newRequest(spec, builder.Options{})
	if err != nil {
		return bakeTarget{}, err
	}
	t := bakeTarget{
		Context: b.Context, Contexts: maps.Clone(map[string]string(b.AdditionalContexts)), Dockerfile: b.Dockerfile,
		DockerfileInline: b.DockerfileInline, Args: attributes(r.attrs, "build-arg:"), Labels: attributes(r.attrs, "label:"),
		Tags: r.names, CacheFrom: b.CacheFrom, CacheTo: b.CacheTo, Network: b.Network, NoCache: spec.NoCache || b.NoCache,
		NoCacheFilter: b.NoCacheFilter, Platforms: platforms(spec, b), Target: b.Target, Pull: spec.Pull || b.Pull,
		ShmSize: r.attrs["shm-size"], Entitlements: r.entitlements, Outputs: []string{"type=docker"},
	}
	for name, value := range t.Contexts {
		if service, ok := strings.CutPrefix(value, "service:"); ok {
			t.Contexts[name] = "target:" + service
		}
	}
	t.linkBases(p, spec.Service)
	for _, ref := range b.Secrets {
		i := slices.IndexFunc(p.Secrets, func(f *project.File) bool { return f.Key == ref.Source })
		if source := p.Secrets[i]; source.Variable != "" {
			t.Secrets = append(t.Secrets, "id="+ref.Source+",type=env,env="+source.Variable)
		} else {
			t.Secrets = append(t.Secrets, "id="+ref.Source+",type=file,src="+source.Path)
		}
	}
	for _, k := range r.ssh {
		t.SSH = append(t.SSH, strings.TrimSuffix(k.ID+"="+strings.Join(k.Paths, ","), "="))
	}
	for host, ips := range b.ExtraHosts {
		if t.ExtraHosts == nil {
			t.ExtraHosts = map[string]string{}
		}
		t.ExtraHosts[host] = strings.Join(ips, ",")
	}
	if r.attrs["ulimit"] != "" {
		t.Ulimits = strings.Split(r.attrs["ulimit"], ",")
	}
	for _, kind := range []string{"provenance", "sbom"} {
		if value, asked := r.attrs["attest:"+kind]; asked {
			t.Attest = append(t.Attest, strings.TrimSuffix("type="+kind+","+value, ","))
		}
	}
	return t, nil
}

// linkBases names the targets of the images that the Dockerfile takes from other
// services.
func (t *bakeTarget) linkBases(p *project.Project, s *project.Service) {
	for _, name := range s.BuildsOn {
		base := p.Declared(name)
		if base == nil || slices.Contains(slices.Collect(maps.Values(t.Contexts)), "target:"+name) {
			continue
		}
		if t.Contexts == nil {
			t.Contexts = map[string]string{}
		}
		t.Contexts[strings.TrimSuffix(base.Image, ":latest")] = "target:" + name
	}
}

// attributes are those with the prefix, without it.
func attributes(all map[string]string, prefix string) map[string]string {
	out := map[string]string{}
	for k, v := range all {
		if name, ok := strings.CutPrefix(k, prefix); ok {
			out[name] = v
		}
	}
	return out
}

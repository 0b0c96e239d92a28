package project

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/restartpolicy"
)

// Input is what New needs beyond compose-go's model.
type Input struct {
	Compose    *types.Project
	Files      []string
	EnvFiles   []string
	Compatible bool // names are joined by "_"
	Positions  Positions
	// Extensions are the decoded x-muster sections by service.
	Extensions map[string]Extension
	// Key keys the digests that labels of containers carry.
	Key Key
	// Digests are digests by the key of config and secret content, keyed
	// "config:KEY" and "secret:KEY".
	Digests map[string]Fingerprint
	// Problems are what is wrong with the services, and Unused with what no
	// service uses.
	Problems map[string][]Problem
	Unused   []Problem
	// BaseImages are the images that a service's Dockerfile builds on, by service.
	BaseImages map[string][]string
}

// New makes a Project of compose-go's resolved model. It fails if a restart
// policy is invalid and not among the service's problems, or a definition cannot
// be hashed.
func New(in Input) (*Project, error) {
	p := &Project{
		Name:        in.Compose.Name,
		Key:         in.Key,
		Dir:         in.Compose.WorkingDir,
		Files:       slices.Clone(in.Files),
		EnvFiles:    slices.Clone(in.EnvFiles),
		Separator:   "-",
		Environment: maps.Clone(in.Compose.Environment),
		Compose:     in.Compose,
		Positions:   in.Positions,
		Unused:      in.Unused,
	}
	if in.Compatible {
		p.Separator = "_"
	}
	var err error
	if p.Services, err = p.newServices(in, in.Compose.Services); err != nil {
		return nil, err
	}
	if p.Disabled, err = p.newServices(in, in.Compose.DisabledServices); err != nil {
		return nil, err
	}
	p.findBuilds(in.BaseImages)
	p.findSharedTags()
	for _, key := range slices.Sorted(maps.Keys(in.Compose.Networks)) {
		n := in.Compose.Networks[key]
		h, err := networkHash(n)
		if err != nil {
			return nil, err
		}
		p.Networks = append(p.Networks, &Network{Key: key, Name: n.Name, External: bool(n.External), Hash: h, Spec: n, Pos: in.Positions.Of("networks", key)})
	}
	for _, key := range slices.Sorted(maps.Keys(in.Compose.Volumes)) {
		v := in.Compose.Volumes[key]
		h, err := volumeHash(v)
		if err != nil {
			return nil, err
		}
		p.Volumes = append(p.Volumes, &Volume{Key: key, Name: v.Name, External: bool(v.External), Hash: h, Spec: v, Pos: in.Positions.Of("volumes", key)})
	}
	for _, key := range slices.Sorted(maps.Keys(in.Compose.Configs)) {
		p.Configs = append(p.Configs, p.newFile(key, types.FileObjectConfig(in.Compose.Configs[key]), false))
	}
	for _, key := range slices.Sorted(maps.Keys(in.Compose.Secrets)) {
		p.Secrets = append(p.Secrets, p.newFile(key, types.FileObjectConfig(in.Compose.Secrets[key]), true))
	}
	return p, nil
}

func (p *Project) newFile(key string, f types.FileObjectConfig, secret bool) *File {
	section := "configs"
	if secret {
		section = "secrets"
	}
	file := &File{
		Key: key, Name: f.Name, Secret: secret, Path: f.File, Variable: f.Environment,
		External: bool(f.External), Pos: p.Positions.Of(section, key),
	}
	switch {
	case f.Environment != "":
		value, ok := p.Environment[f.Environment]
		if !ok && f.Content != "" { // set by an env file of an included model
			value, ok = f.Content, true
		}
		file.Content, file.Missing = []byte(value), !ok
	case f.File == "" && !file.External:
		file.Content, file.Inline = []byte(f.Content), true
	}
	return file
}

func (p *Project) newServices(in Input, from types.Services) ([]*Service, error) {
	services := make([]*Service, 0, len(from))
	for _, name := range slices.Sorted(maps.Keys(from)) {
		s, err := p.newService(in, name, from[name])
		if err != nil {
			return nil, err
		}
		services = append(services, s)
	}
	return services, nil
}

func (p *Project) newService(in Input, name string, spec types.ServiceConfig) (*Service, error) {
	if spec.Build != nil && spec.Platform == "" {
		spec.Platform = p.Environment["DOCKER_DEFAULT_PLATFORM"]
	}
	s := &Service{
		Name: name, Image: spec.Image, Platform: cmp.Or(spec.Platform, p.Environment["DOCKER_DEFAULT_PLATFORM"]), Build: spec.Build != nil, PullPolicy: spec.PullPolicy,
		ContainerName: spec.ContainerName, Replicas: spec.GetScale(), Grace: gracePeriod(spec.StopGracePeriod),
		Networks: spec.NetworksByPriority(), Volumes: namedVolumes(spec), Namespaces: namespaces(spec),
		PreStart: p.hooks(spec.PreStart), PostStart: p.hooks(spec.PostStart), PreStop: p.hooks(spec.PreStop),
		Muster: in.Extensions[name], Provider: spec.Provider != nil, Problems: in.Problems[name], Spec: spec,
		Pos: in.Positions.Of("services", name),
	}
	if s.Image == "" {
		s.Image = p.BuiltImage(name)
	}
	s.dropBrokenHooks()
	s.DependsOn = dependencies(spec, s.Namespaces, in.Positions)
	var err error
	if s.Restart, err = RestartPolicy(spec); err != nil && len(s.Problems) == 0 {
		return nil, fmt.Errorf("service %s: %w", name, err)
	}
	if s.Hash, err = serviceHash(spec); err != nil {
		return nil, err
	}
	if s.Sections, err = sections(p.Key, p.Name, spec); err != nil {
		return nil, err
	}
	s.Content = map[string]Fingerprint{}
	for _, c := range spec.Configs {
		s.Content["config:"+c.Source] = in.Digests["config:"+c.Source]
	}
	for _, c := range spec.Secrets {
		s.Content["secret:"+c.Source] = in.Digests["secret:"+c.Source]
	}
	maps.DeleteFunc(s.Content, func(_ string, f Fingerprint) bool { return f == "" })
	return s, nil
}

// dropBrokenHooks leaves out hooks whose description is wrong: containers that
// are there are started and stopped without.
func (s *Service) dropBrokenHooks() {
	for _, problem := range s.Problems {
		switch problem.Attribute {
		case "pre_start":
			s.PreStart = nil
		case "post_start":
			s.PostStart = nil
		case "pre_stop":
			s.PreStop = nil
		}
	}
}

// gracePeriod rounds up to whole seconds, which is all the engine knows: half
// a second must not become an immediate kill.
func gracePeriod(d *types.Duration) *time.Duration {
	if d == nil {
		return nil
	}
	rounded := (time.Duration(*d) + time.Second - 1).Truncate(time.Second)
	return &rounded
}

// RestartPolicy is the policy that the service declares, by deploy.restart_policy or
// else by restart.
func RestartPolicy(spec types.ServiceConfig) (restartpolicy.Policy, error) {
	if spec.Deploy != nil && spec.Deploy.RestartPolicy != nil {
		r := spec.Deploy.RestartPolicy
		return restartpolicy.FromDeploy(r.Condition, (*time.Duration)(r.Delay), (*time.Duration)(r.Window), r.MaxAttempts)
	}
	return restartpolicy.Parse(spec.Restart)
}

func namedVolumes(spec types.ServiceConfig) []string {
	var keys []string
	for _, v := range spec.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			keys = append(keys, v.Source)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func namespaces(spec types.ServiceConfig) []NamespaceRef {
	var refs []NamespaceRef
	for _, n := range []struct{ attribute, value string }{
		{"network_mode", spec.NetworkMode}, {"ipc", spec.Ipc}, {"pid", spec.Pid}, {"uts", spec.Uts}, {"cgroup", spec.Cgroup},
	} {
		if service, ok := strings.CutPrefix(n.value, types.ServicePrefix); ok {
			refs = append(refs, NamespaceRef{n.attribute, service})
		}
	}
	for _, v := range spec.VolumesFrom {
		if !strings.HasPrefix(v, types.ContainerPrefix) {
			service, _, _ := strings.Cut(v, ":")
			refs = append(refs, NamespaceRef{"volumes_from", service})
		}
	}
	return refs
}

// dependencies are the edges of depends_on, into which compose-go has already
// merged the implied ones, with the attribute that implies them if nothing
// else does.
func dependencies(spec types.ServiceConfig, refs []NamespaceRef, pos Positions) []Dependency {
	deps := make([]Dependency, 0, len(spec.DependsOn))
	for _, name := range slices.Sorted(maps.Keys(spec.DependsOn)) {
		d := spec.DependsOn[name]
		dep := Dependency{
			Service: name, Condition: Condition(cmp.Or(d.Condition, string(Started))), Required: d.Required, Restart: d.Restart,
			Pos: pos.Of("services", spec.Name, "depends_on", name),
		}
		if _, written := pos[Path("services", spec.Name, "depends_on", name)]; !written {
			dep.Implied = impliedBy(spec, refs, name)
		}
		deps = append(deps, dep)
	}
	return deps
}

func impliedBy(spec types.ServiceConfig, refs []NamespaceRef, service string) string {
	for _, l := range spec.Links {
		if target, _, _ := strings.Cut(l, ":"); target == service {
			return "links"
		}
	}
	for _, r := range refs {
		if r.Service == service {
			return r.Attribute
		}
	}
	return ""
}

func (p *Project) hooks(from []types.ServiceHook) []Hook {
	var hs []Hook
	for _, h := range from {
		hs = append(hs, p.Hook(h))
	}
	return hs
}

// Hook is a command of the Compose file as a Hook. A variable without a value
// has that of the project's environment, as a service's would.
func (p *Project) Hook(h types.ServiceHook) Hook {
	hook := Hook{
		Command: h.Command, Image: h.Image, User: h.User, Privileged: h.Privileged,
		WorkingDir: h.WorkingDir, PerReplica: h.PerReplica,
	}
	for _, k := range slices.Sorted(maps.Keys(h.Environment)) {
		if v := h.Environment[k]; v != nil {
			hook.Environment = append(hook.Environment, k+"="+*v)
		} else if v, ok := p.Environment[k]; ok {
			hook.Environment = append(hook.Environment, k+"="+v)
		}
	}
	return hook
}

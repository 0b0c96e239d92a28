package loader

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/loader/rules"
	"github.com/musterdev/muster/project"
)

// OneOff says how a single run of a service differs from the service. Nil
// slices and empty strings keep what the service says.
type OneOff struct {
	Command      []string
	Entrypoint   []string // not nil replaces it and, unless Command is set, empties the command
	User         string
	WorkDir      string
	CapAdd       []string // also taken off cap_drop
	CapDrop      []string // also taken off cap_add
	Env          []string // K=V, or K to take the project's value
	EnvFiles     []string // below Env
	Labels       []string // K=V
	Volumes      []string // short syntax; named ones must be in the project
	Publish      []string // short syntax
	ServicePorts bool     // keep the service's own ports
	TTY          bool
	Stdin        bool
	Remove       bool
}

// RunProject returns a copy of the project in which the service is as one run of
// it needs: a single replica without container name, restart policy and, unless
// asked for, ports. The error names the option that cannot be read.
func RunProject(ctx context.Context, p *project.Project, service string, o OneOff) (*project.Project, error) {
	s := p.Service(service)
	if s == nil {
		return nil, &project.UnknownServiceError{Name: service}
	}
	spec := s.Spec
	if err := o.apply(ctx, p, &spec); err != nil {
		return nil, err
	}
	one := 1
	spec.Scale, spec.ContainerName, spec.Restart = &one, "", ""
	if spec.Deploy != nil {
		deploy := *spec.Deploy
		deploy.RestartPolicy, deploy.Replicas = nil, nil
		spec.Deploy = &deploy
	}
	model := withServices(p, types.Services{service: spec})
	if len(o.Volumes) > 0 { // all were kept, so that any could be mounted
		model = model.WithoutUnnecessaryResources()
	}
	return rebuild(p, model)
}

// withServices is the project's model with other definitions of some services.
func withServices(p *project.Project, services types.Services) *types.Project {
	model := *p.Compose
	model.Services = maps.Clone(model.Services)
	maps.Copy(model.Services, services)
	return &model
}

// rebuild makes the project anew of a changed model.
func rebuild(p *project.Project, model *types.Project) (*project.Project, error) {
	in := project.Input{
		Compose: model, Files: p.Files, EnvFiles: p.EnvFiles, Compatible: p.Separator == "_", Positions: p.Positions, Key: p.Key,
		Extensions: map[string]project.Extension{}, Digests: map[string]project.Fingerprint{},
		BaseImages: baseImages(model),
		Problems:   map[string][]project.Problem{}, Unused: p.Unused,
	}
	for _, s := range slices.Concat(p.Services, p.Disabled) {
		in.Extensions[s.Name], in.Problems[s.Name] = s.Muster, s.Problems
		maps.Copy(in.Digests, s.Content)
	}
	out, err := project.New(in)
	if err != nil {
		return nil, err
	}
	out.Environment = p.Environment
	return keepActive(out, p)
}

// keepActive makes the services of out active that are so in p.
func keepActive(out, p *project.Project) (*project.Project, error) {
	return out.Only(p.ServiceNames()...)
}

func (o OneOff) apply(ctx context.Context, p *project.Project, spec *types.ServiceConfig) error {
	if o.Entrypoint != nil {
		spec.Entrypoint, spec.Command = o.Entrypoint, nil
	}
	if len(o.Command) > 0 {
		spec.Command = o.Command
	}
	if o.User != "" {
		spec.User = o.User
	}
	if o.WorkDir != "" {
		spec.WorkingDir = o.WorkDir
	}
	spec.CapAdd = without(slices.Concat(spec.CapAdd, o.CapAdd), o.CapDrop)
	spec.CapDrop = without(slices.Concat(spec.CapDrop, o.CapDrop), o.CapAdd)
	spec.Tty, spec.StdinOpen = o.TTY, o.Stdin
	for _, add := range []func(*project.Project, *types.ServiceConfig) error{o.labels, o.volumes, o.ports} {
		if err := add(p, spec); err != nil {
			return err
		}
	}
	return o.environment(ctx, p, spec)
}

func without(list, drop []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(drop, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// environment puts files, then single variables, over the service's own. A file
// that cannot be read is an error, and so is one with a mistake.
func (o OneOff) environment(ctx context.Context, p *project.Project, spec *types.ServiceConfig) error {
	env := maps.Clone(spec.Environment)
	if env == nil {
		env = types.MappingWithEquals{}
	}
	lookup := func(name string) (string, bool) {
		v, ok := p.Environment[name]
		return v, ok
	}
	for _, file := range o.EnvFiles {
		values, err := readOneOffEnv(ctx, file, lookup)
		if err != nil {
			return err
		}
		for k, v := range values {
			env[k] = &v
		}
	}
	for _, e := range o.Env {
		k, v, found := strings.Cut(e, "=")
		if k == "" {
			return fmt.Errorf("--env %q names no variable", e)
		}
		if !found {
			if v, found = lookup(k); !found {
				delete(env, k)
				continue
			}
		}
		env[k] = &v
	}
	spec.Environment = env
	return nil
}

func (o OneOff) labels(_ *project.Project, spec *types.ServiceConfig) error {
	if len(o.Labels) == 0 {
		return nil
	}
	labels := maps.Clone(spec.Labels)
	if labels == nil {
		labels = types.Labels{}
	}
	for _, l := range o.Labels {
		k, v, _ := strings.Cut(l, "=")
		if k == "" || strings.HasPrefix(k, "com.docker.compose.") || strings.HasPrefix(k, project.LabelPrefix) {
			return fmt.Errorf("--label %q: the name is empty or reserved", l)
		}
		labels[k] = v
	}
	spec.Labels = labels
	return nil
}

func (o OneOff) volumes(p *project.Project, spec *types.ServiceConfig) error {
	spec.Volumes = slices.Clone(spec.Volumes)
	for _, text := range o.Volumes {
		word, letter := rules.OneLetter(text, func(name string) bool { return p.Volume(name) != nil })
		v, err := format.ParseVolume(word)
		if err != nil {
			return fmt.Errorf("--volume %q: %w", text, err)
		}
		if !strings.HasPrefix(v.Target, "/") && !rules.WindowsPath(v.Target) {
			return fmt.Errorf("--volume %q has no absolute path to mount at: write SOURCE:/path[:ro]", text)
		}
		if letter != "" {
			v.Source = letter
		}
		if v.Type == types.VolumeTypeBind && !filepath.IsAbs(v.Source) {
			v.Source = filepath.Join(p.Dir, v.Source)
		}
		if v.Type == types.VolumeTypeVolume && v.Source != "" && p.Volume(v.Source) == nil {
			return fmt.Errorf("--volume %q: the project declares no volume %s", text, v.Source)
		}
		spec.Volumes = slices.DeleteFunc(spec.Volumes, func(w types.ServiceVolumeConfig) bool { return w.Target == v.Target })
		spec.Volumes = append(spec.Volumes, v)
	}
	return nil
}

func (o OneOff) ports(_ *project.Project, spec *types.ServiceConfig) error {
	if !o.ServicePorts {
		spec.Ports = nil
	}
	spec.Ports = slices.Clone(spec.Ports)
	for _, text := range o.Publish {
		ports, err := types.ParsePortConfig(text)
		if err != nil {
			return fmt.Errorf("--publish %q: %w", text, err)
		}
		spec.Ports = append(spec.Ports, ports...)
	}
	return nil
}

// readOneOffEnv reads a file of --env-from-file. A variable that it refers to and
// nobody sets is empty.
func readOneOffEnv(ctx context.Context, file string, lookup func(string) (string, bool)) (map[string]string, error) {
	limits := Limits{}.withDefaults()
	text, err := hostfile.ReadNamed(ctx, file, limits.EnvBytes)
	if err != nil {
		return nil, fmt.Errorf("read --env-from-file: %w", err)
	}
	values, budget := map[string]string{}, limits.TotalBytes
	p := env.Parser{
		Lookup: lookup, Limit: limits.ValueBytes, Budget: &budget, Out: values,
		Set: func(string, int) {}, Unset: func(string, int) {},
	}
	err = p.Parse(string(text))
	var e *env.Error
	if errors.As(err, &e) {
		return nil, fmt.Errorf("read --env-from-file: %s:%d: %w", file, e.Line, err)
	}
	return values, err
}

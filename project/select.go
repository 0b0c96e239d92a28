package project

import (
	"fmt"
	"path"
	"slices"
)

// UnknownServiceError names a service or pattern that matches no active service.
type UnknownServiceError struct {
	Name string
	// Disabled says that the service is declared but gated by Profiles.
	Disabled bool
	Profiles []string
}

func (e *UnknownServiceError) Error() string {
	if e.Disabled {
		return fmt.Sprintf("service %q is not active: it belongs to profile %q; name the profile with --profile %s", e.Name, e.Profiles[0], e.Profiles[0])
	}
	return fmt.Sprintf("no such service: %s", e.Name)
}

// Match resolves names and shell patterns to names of active services, sorted
// and without repetition. No patterns match nothing. A pattern without a match
// is an *UnknownServiceError.
func (p *Project) Match(patterns ...string) ([]string, error) {
	var names []string
	for _, pattern := range patterns {
		found := false
		for _, s := range p.Services {
			if ok, err := path.Match(pattern, s.Name); s.Name == pattern || (err == nil && ok) {
				names, found = append(names, s.Name), true
			}
		}
		if found {
			continue
		}
		e := &UnknownServiceError{Name: pattern}
		if s := p.DisabledService(pattern); s != nil && len(s.Spec.Profiles) > 0 {
			e.Disabled, e.Profiles = true, s.Spec.Profiles
		}
		return nil, e
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Select returns a copy that holds the services that the patterns name and
// everything they need; the other services are moved to Disabled. Networks and
// volumes stay. Without patterns it returns p itself.
func (p *Project) Select(patterns ...string) (*Project, error) {
	if len(patterns) == 0 {
		return p, nil
	}
	names, err := p.Match(patterns...)
	if err != nil {
		return nil, err
	}
	g, err := p.Graph()
	if err != nil {
		return nil, err
	}
	return p.keep(g.Closure(names...).Order()), nil
}

// Only is Select without the dependencies.
func (p *Project) Only(patterns ...string) (*Project, error) {
	names, err := p.Match(patterns...)
	if err != nil {
		return nil, err
	}
	return p.keep(names), nil
}

func (p *Project) keep(names []string) *Project {
	c := *p
	c.Services, c.Disabled = nil, slices.Clone(p.Disabled)
	for _, s := range p.Services {
		if slices.Contains(names, s.Name) {
			c.Services = append(c.Services, s)
		} else {
			c.Disabled = append(c.Disabled, s)
		}
	}
	slices.SortFunc(c.Disabled, func(a, b *Service) int { return compareNames(a.Name, b.Name) })
	return &c
}

// WithReplicas returns a copy in which the services run that many replicas.
// It fails for unknown services, negative numbers, and more than one replica
// of a service with a container name.
func (p *Project) WithReplicas(scale map[string]int) (*Project, error) {
	c := *p
	c.Services = slices.Clone(p.Services)
	found := 0
	for i, s := range c.Services {
		n, ok := scale[s.Name]
		if !ok {
			continue
		}
		found++
		if n < 0 {
			return nil, fmt.Errorf("scale %s: invalid number of replicas: %d", s.Name, n)
		}
		if n > 1 && s.ContainerName != "" {
			return nil, fmt.Errorf("scale %s: container_name %q allows one replica only", s.Name, s.ContainerName)
		}
		scaled := *s
		scaled.Replicas = n
		c.Services[i] = &scaled
	}
	if found == len(scale) {
		return &c, nil
	}
	for _, name := range sortedKeys(scale) {
		if p.Service(name) == nil {
			return nil, &UnknownServiceError{Name: name}
		}
	}
	return &c, nil
}

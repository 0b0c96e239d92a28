package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/musterdev/muster/project"
)

// ErrNoProgram says that the program of a provider is not installed.
var ErrNoProgram = errors.New("the provider's program is not installed")

// RunProvider has the program that provides a service bring it up or take it down.
type RunProvider struct {
	Project *project.Project
	Service *project.Service
	Verb    string // up, stop or down
	// Given tells of the containers that stay which variables it set for them.
	Given []Given
}

// Given stands for the variables that a container of the service was made with.
type Given struct {
	Service string
	Digest  project.Fingerprint
}

// Outdated are the services of which a container stays that was made with other
// variables than these. A plan that knows them (UpOptions.Provided) makes it anew.
func (a RunProvider) Outdated(set map[string]string) []string {
	var services []string
	for _, g := range a.Given {
		if g.Digest != ProvidedDigest(a.Project, a.Service.Name, set) {
			services = append(services, g.Service)
		}
	}
	return services
}

// ProvidedDigest stands for variables in a label.
func ProvidedDigest(p *project.Project, provider string, set map[string]string) project.Fingerprint {
	var all []byte
	for _, name := range slices.Sorted(maps.Keys(set)) {
		all = fmt.Appendf(all, "%q=%q\n", name, set[name])
	}
	d := p.Key.Digest(project.Path(p.Name, provider, "provided"), all)
	return d[:min(len(d), 16)]
}

func (a RunProvider) String() string {
	return fmt.Sprintf("provider %s: %s %s", a.Service.Spec.Provider.Type, a.Verb, a.Service.Name)
}

package convergence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/musterdev/muster/project"
)

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
		if g.Digest != providedDigest(set) {
			services = append(services, g.Service)
		}
	}
	return services
}

// providedDigest stands for variables in a label. They are no secret beside it:
// the container's environment holds them in full.
func providedDigest(set map[string]string) project.Fingerprint {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(set)) {
		fmt.Fprintf(h, "%q=%q\n", name, set[name])
	}
	return project.Fingerprint(hex.EncodeToString(h.Sum(nil)[:8]))
}

func (a RunProvider) String() string {
	return fmt.Sprintf("provider %s: %s %s", a.Service.Spec.Provider.Type, a.Verb, a.Service.Name)
}

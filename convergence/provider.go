package convergence

import (
	"context"
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
}

func (a RunProvider) String() string {
	return fmt.Sprintf("provider %s: %s %s", a.Service.Spec.Provider.Type, a.Verb, a.Service.Name)
}

// Object implements Action.
func (a RunProvider) Object() string { return a.Service.Name }

func (a RunProvider) apply(ctx context.Context, r *run, id StepID) error {
	if r.opt.Provider == nil {
		return fmt.Errorf("%s: no provider programs are run here: %w", a, ErrUnsupported)
	}
	set, err := r.opt.Provider(ctx, a, func(text string) {
		p := r.reporter.event(r.steps[id], Working, "Working")
		p.Details = plain(text)
		r.reporter.tell(p)
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.provided[a.Service.Name] = set
	return nil
}

// provide adds the variables that providers set for the service, over its own,
// and says which of its own they hide. They take no part in its config hash: what
// depends on a provider is not made anew for them.
func (r *run) provide(id StepID, spec CreateSpec) CreateSpec {
	set := map[string]string{}
	r.mu.Lock()
	for _, d := range spec.Service.DependsOn {
		maps.Copy(set, r.provided[d.Service])
	}
	r.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if own, ok := spec.Service.Spec.Environment[name]; ok && (own == nil || *own != set[name]) {
			p := r.reporter.event(r.steps[id], Warning, "Warning")
			p.Details = "a provider sets " + name + " over what the service says itself"
			r.reporter.tell(p)
		}
	}
	if len(set) > 0 {
		spec.Service = spec.Service.WithEnvironment(set)
	}
	return spec
}

func providerID(service string) StepID { return StepID(service + "/provider") }

// emitProvider brings a provided service up, on every up: only its program
// knows what there is to do.
func (u *up) emitProvider(sp *servicePlan) {
	if sp.Provider {
		a := RunProvider{Project: u.want, Service: sp.Service, Verb: "up"}
		u.add(providerID(sp.Name), a, "its provider knows what there is to do", u.dependencyNeeds(sp)...)
	}
}

// providers are the steps after which the variables for the service are known.
func (u *up) providers(s *project.Service) []StepID {
	var ids []StepID
	for _, d := range s.DependsOn {
		if dep := u.services[d.Service]; dep != nil && dep.Provider {
			ids = append(ids, providerID(d.Service))
		}
	}
	return ids
}

// stopProvided has providers stop what they brought up, once nothing that depends
// on it runs. Those that know no stop do nothing.
func (s *stack) stopProvided(cs []Container, stops map[string]StepID, chosen map[string]bool) {
	if s.want == nil {
		return
	}
	byService := map[string][]StepID{}
	for _, c := range cs {
		byService[c.Service] = append(byService[c.Service], stops[c.ID])
	}
	for _, sv := range slices.Backward(s.want.Services) {
		if sv.Provider && chosen[sv.Name] {
			a := RunProvider{Project: s.want, Service: sv, Verb: "stop"}
			s.add(providerID(sv.Name), a, asked+"stop", s.stopsBefore(sv.Name, byService)...)
		}
	}
}

// removeProvided has providers take down what they brought up, once nothing
// that depends on it runs.
func (d *down) removeProvided(cs []Container, chosen map[string]bool, whole bool) {
	if d.want == nil {
		return
	}
	stops := d.stops(cs)
	for _, s := range slices.Backward(d.want.Services) {
		if s.Provider && (whole || chosen[s.Name]) {
			a := RunProvider{Project: d.want, Service: s, Verb: "down"}
			d.add(providerID(s.Name), a, "the project goes down", d.stopsBefore(s.Name, stops)...)
		}
	}
}

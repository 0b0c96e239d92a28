package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func (r *run) runProvider(ctx context.Context, a plan.RunProvider, id plan.StepID) error {
	if r.opt.Provider == nil {
		return fmt.Errorf("%s: providers are not supported here: %w", a, engine.ErrUnsupported)
	}
	set, err := r.opt.Provider(ctx, a, func(text string) {
		p := r.reporter.event(r.steps[id], engine.Working, "Working")
		p.Details = plan.Plain(text)
		r.reporter.tell(p)
	})
	if errors.Is(err, plan.ErrNoProgram) && a.Verb != "up" {
		// Nobody can be told, now or later: an error would keep the project from going down for good.
		p := r.reporter.event(r.steps[id], engine.Warning, "Skipped")
		p.Details, p.Err = "not told: "+err.Error(), err
		r.reporter.tell(p)
		return errKept
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.provided[a.Service.Name] = set
	return nil
}

// provide adds the variables that providers set for the service, over its own,
// and says which of its own they hide. They take no part in its config hash, but a
// label tells which they were.
func (r *run) provide(id plan.StepID, spec engine.CreateSpec) engine.CreateSpec {
	set, digests := map[string]string{}, map[string]project.Fingerprint{}
	r.mu.Lock()
	for _, d := range spec.Service.DependsOn {
		if by, ok := r.provided[d.Service]; ok {
			maps.Copy(set, by)
			digests[d.Service] = plan.ProvidedDigest(spec.Project, d.Service, by)
		}
	}
	r.mu.Unlock()
	if len(digests) > 0 {
		spec.Labels = maps.Clone(spec.Labels)
		spec.Labels[project.LabelProvided] = project.FingerprintsLabel(digests)
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if own, ok := spec.Service.Spec.Environment[name]; ok && (own == nil || *own != set[name]) {
			p := r.reporter.event(r.steps[id], engine.Warning, "Warning")
			p.Details = fmt.Sprintf("a provider overrides environment variable %q in service %q", name, spec.Service.Name)
			r.reporter.tell(p)
		}
	}
	if len(set) > 0 {
		spec.Service = spec.Service.WithEnvironment(set)
	}
	return spec
}

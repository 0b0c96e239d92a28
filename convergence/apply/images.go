package apply

import (
	"context"
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func (r *run) pullImage(ctx context.Context, a plan.PullImage, id plan.StepID) error {
	err := r.engine.PullImage(ctx, a.Image, func(p engine.Progress) {
		if p.Step = string(id); a.Quiet && p.ID != a.About().Object {
			return
		}
		if p.Parent == "" && p.ID != a.About().Object {
			p.Parent = a.About().Object
		}
		r.reporter.tell(p)
	})
	if err == nil {
		return r.keep(ctx, a.Image)
	}
	if !a.Optional || ctx.Err() != nil {
		return err
	}
	p := r.reporter.event(r.steps[id], engine.Warning, "Skipped")
	p.Details, p.Err = "not pulled: "+err.Error(), err
	r.reporter.tell(p)
	return errKept
}

func (r *run) buildImage(ctx context.Context, a plan.BuildImage, id plan.StepID) error {
	if len(a.IfMissing) > 0 {
		local, err := r.engine.ListImages(ctx, a.IfMissing)
		if err != nil {
			return err
		}
		if len(local) == len(a.IfMissing) {
			r.reporter.tell(needless(a, r.reporter.event(r.steps[id], engine.Done, "Pulled")))
			return errKept
		}
	}
	err := r.engine.BuildImage(ctx, a.Spec, func(p engine.Progress) {
		p.Step = string(id)
		r.reporter.tell(p)
	})
	if err != nil || a.Spec.Check {
		return err
	}
	return r.keep(ctx, engine.ServiceImage(a.Spec.Service))
}

// sharedTags are the tags that the plan brings for several platforms.
func sharedTags(p plan.Plan) map[string]bool {
	first, shared := map[string]engine.ImageRef{}, map[string]bool{}
	for _, s := range p.Steps {
		ref := s.Action.About().Brings.Plain()
		if ref.Ref == "" {
			continue
		}
		tag := project.FullTag(ref.Ref)
		if known, ok := first[tag]; ok && known.Platform != ref.Platform {
			shared[tag] = true
		}
		first[tag] = ref
	}
	return shared
}

func (r *run) keep(ctx context.Context, ref engine.ImageRef) error {
	if !r.shared[project.FullTag(ref.Ref)] {
		return nil
	}
	found, err := r.lookUp(ctx, []engine.ImageRef{ref})
	if err == nil && len(found) == 1 && r.opt.Kept != nil {
		r.images.Lock()
		defer r.images.Unlock()
		r.opt.Kept[ref.Plain()] = found[0]
	}
	return err
}

func (r *run) lookUp(ctx context.Context, refs []engine.ImageRef) ([]engine.Image, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	r.images.Lock()
	defer r.images.Unlock()
	var images []engine.Image
	for _, ref := range refs {
		known, ok := r.local[ref.Plain()]
		if !ok {
			found, err := r.engine.ListImages(ctx, []engine.ImageRef{ref})
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				continue // the engine will say so, in its own words
			}
			known = found[0]
			r.local[ref.Plain()] = known
		}
		images = append(images, known)
	}
	return images, nil
}

// needless says of an image, in place of "Built", what came of it.
func needless(a plan.BuildImage, p engine.Progress) engine.Progress {
	if !slices.ContainsFunc(a.IfMissing, func(r engine.ImageRef) bool { return r.Ref == a.Spec.Service.Image }) {
		p.Text, p.Details = "Skipped", "not needed: the image built on it was pulled"
	}
	return p
}

package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// imageWork is something to be done for one image.
type imageWork struct {
	ref          string
	doing, done  string // Pulling, Pulled
	failureWarns bool
	work         func(ctx context.Context, report func(engine.Progress)) error
}

// workOnImages does all of it, as many at a time as --parallel allows, with
// progress. The first failure ends it unless failures only warn.
func workOnImages(ctx context.Context, c *console, operation string, all []imageWork) error {
	c.printer.Begin(operation, plan.Plan{})
	defer c.printer.End()
	group, ctx := errgroup.WithContext(ctx)
	if c.flags.parallel > 0 {
		group.SetLimit(c.flags.parallel)
	}
	for _, w := range all {
		group.Go(func() error {
			report := func(phase engine.Phase, text, details string, err error) {
				c.printer.Report(engine.Progress{
					ID: "Image " + w.ref, Phase: phase, Text: text, Details: details, Err: err, At: time.Now(),
				})
			}
			report(engine.Working, w.doing, "", nil)
			err := w.work(ctx, c.printer.Report)
			switch {
			case err == nil:
				report(engine.Done, w.done, "", nil)
				return nil
			case w.failureWarns && ctx.Err() == nil:
				report(engine.Warning, "Warning", err.Error(), nil)
				return nil
			case errors.Is(err, context.Canceled):
				report(engine.Warning, "Interrupted", "", nil)
			default:
				report(engine.Failed, "Error", "", err)
			}
			return err
		})
	}
	return group.Wait()
}

// skipImage says that nothing is done for an image, and why.
func skipImage(c *console, name, why string) {
	c.printer.Report(engine.Progress{ID: name, Phase: engine.Done, Text: "Skipped", Details: why})
}

// withDependencies are the services that the patterns name, or all, and what
// they depend on if asked for.
func withDependencies(p *project.Project, patterns []string, dependencies bool) ([]*project.Service, error) {
	if len(patterns) == 0 {
		return p.Services, nil
	}
	var chosen *project.Project
	var err error
	if dependencies {
		chosen, err = p.Select(patterns...)
	} else {
		chosen, err = p.Only(patterns...)
	}
	if err != nil {
		return nil, err
	}
	return chosen.Services, nil
}

// once keeps the first service of every image.
func once(services []*project.Service) []*project.Service {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(services), func(s *project.Service) bool {
		twice := seen[s.Image]
		seen[s.Image] = true
		return twice || s.Provider
	})
}

// at names the place in the file that asked for an image.
func at(p project.Position, err error) error {
	if err == nil || p.IsZero() {
		return err
	}
	return fmt.Errorf("%s: %w", p, err)
}

package cmd

import (
	"fmt"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/build"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// printBake writes the build as a bake file would say it.
func printBake(c *console, p *project.Project, services []*project.Service, opt buildOptions) error {
	text, err := build.Bake(p, services, func(sv *project.Service) engine.BuildSpec {
		return opt.spec(engine.BuildSpec{Project: p, Service: sv})
	})
	if err != nil {
		return err
	}
	return ui.WriteJSON(c.Out, text)
}

// buildLog is where the output of a plain `build` goes: on a terminal into the
// view of what happens, else, as people search it, to standard output, line by
// line, with the service's name in front where several are built.
func buildLog(c *console, pl plan.Plan) func(engine.Progress) {
	if c.Terminal.Out || c.mode != ui.Plain && c.mode != ui.TTY {
		return c.printer.Report
	}
	return func(p engine.Progress) {
		if p.Phase != engine.Working || p.Details == "" || p.Parent != "" {
			c.printer.Report(p)
			return
		}
		line := p.Details
		if len(pl.Steps) > 1 { // builds, all of them
			line = p.Service + " | " + line
		}
		c.printer.Around(func() { fmt.Fprintln(c.Out, line) })
	}
}

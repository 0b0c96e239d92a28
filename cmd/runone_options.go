package cmd

import (
	"fmt"
	"time"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/loader"
)

// settle decides about terminal and input and reads the rest of the line.
func (o *runOptions) settle(t Terminal, args []string) error {
	if err := refuse([]incompatible{
		{len(o.Publish) > 0, o.ServicePorts, "--publish and --service-ports"},
		{o.ttySet && o.tty, o.noTTYSet && o.noTTY, "--tty and --no-tty"},
	}); err != nil {
		return err
	}
	switch {
	case o.noTTYSet:
		o.TTY = !o.noTTY
	case o.ttySet:
		o.TTY = o.tty
	default:
		o.TTY = t.Out && t.In
	}
	o.Stdin = o.interactive
	o.Command = args[1:]
	if o.entrypointSet {
		words, err := loader.SplitWords(o.entrypoint)
		if err != nil {
			return fmt.Errorf("--entrypoint %q: %w", o.entrypoint, err)
		}
		o.Entrypoint = append([]string{}, words...)
	}
	return nil
}

// need leaves out what a single run does not take over from its service.
func (o runOptions) need() need {
	spared := []string{"container_name", "restart", "scale"}
	if !o.ServicePorts {
		spared = append(spared, "ports")
	}
	return need{alone: o.noDeps, spared: spared}
}

func planRunOptions(env *environment, opt runOptions, name, slug string) up.RunOptions {
	return up.RunOptions{
		Name: name, Slug: slug, UseAliases: opt.useAliases, Remove: opt.Remove,
		UpOptions: up.UpOptions{
			NoDeps: opt.noDeps, RemoveOrphans: opt.orphans, IgnoreOrphans: env.isTrue("COMPOSE_IGNORE_ORPHANS"),
			Pull: opt.pull, QuietPull: opt.quietPull, QuietBuild: opt.quietBuild, Build: opt.build, Now: time.Now(),
		},
	}
}

package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/internal/operation"
)

// upOperation loads the project and says how up, create and scale converge it.
func upOperation(ctx context.Context, s *setup, name string, opt createOptions, args []string) (operation.Operation, error) {
	s.makes = true
	p, err := s.load(ctx, args, need{alone: opt.noDeps})
	if err != nil {
		return operation.Operation{}, err
	}
	if len(p.Services) == 0 && !s.global.allResources {
		return operation.Operation{}, errors.New("no service selected")
	}
	names, err := p.Match(args...)
	if err != nil {
		return operation.Operation{}, err
	}
	if err := checkPolicy(opt.policy, p, names); err != nil {
		return operation.Operation{}, err
	}
	if p, err = withModels(ctx, s.app.Env, p, names); err != nil {
		return operation.Operation{}, err
	}
	scale, err := parseScale(opt.scale)
	if err != nil {
		return operation.Operation{}, err
	}
	o := up.UpOptions{
		Services: names, NoDeps: opt.noDeps, Recreate: up.RecreateDiverged, RecreateDeps: up.RecreateDiverged,
		NoStart: opt.noStart, RemoveOrphans: opt.orphans, IgnoreOrphans: s.env.isTrue("COMPOSE_IGNORE_ORPHANS"),
		RenewAnonVolumes: opt.renewAnonymous, Scale: scale, Timeout: seconds(opt.timeoutSet, opt.timeout),
		Wait: opt.wait, WaitTimeout: time.Duration(opt.waitTimeout) * time.Second, Settle: opt.settle,
		Pull: opt.pull, QuietPull: opt.quietPull, QuietBuild: opt.quietBuild, Build: opt.build, NoBuild: opt.noBuild, RecreateVolumes: opt.yes, Now: time.Now(),
	}
	switch {
	case opt.force, opt.renewAnonymous:
		o.Recreate = up.RecreateForce
	case opt.never:
		o.Recreate, o.RecreateDeps = up.RecreateNever, up.RecreateNever
	}
	if opt.alwaysDeps {
		o.RecreateDeps = up.RecreateForce
	}
	op := operation.Operation{
		Name: name, Project: p.Name, Want: p, Services: names, Conflicts: true, Recalls: !opt.noStart, EngineHealth: opt.engineHealth,
		Replans: true, Plan: operation.PlanUp(p, o),
	}
	askForVolumes(s.console, &op)
	return op, nil
}

// parseScale reads SERVICE=NUM; later ones win.
func parseScale(specs []string) (map[string]int, error) {
	scale := map[string]int{}
	for _, spec := range specs {
		name, number, ok := strings.Cut(spec, "=")
		n, err := strconv.Atoi(number)
		if !ok || name == "" || err != nil {
			return nil, fmt.Errorf("invalid scale specifier: %s (use SERVICE=NUM)", spec)
		}
		scale[name] = n
	}
	return scale, nil
}

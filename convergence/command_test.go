package convergence_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// planCommand plans a command line: its flags are those of the real commands,
// as far as they concern plans, -p means without a file, and what is no flag is
// a service.
func planCommand(t *testing.T, want *project.Project, have engine.Observed, words []string) (plan.Plan, error) {
	t.Helper()
	f := flags{}
	var services []string
	for _, w := range words[1:] {
		if name, ok := strings.CutPrefix(w, "-"); ok {
			key, value, _ := strings.Cut(strings.TrimPrefix(name, "-"), "=")
			f[key] = value
			continue
		}
		services = append(services, w)
	}
	if f.has("p") {
		want = nil
	}
	timeout := f.duration(t, "t")
	switch words[0] {
	case "up", "create", "scale":
		return up.PlanUp(want, have, f.planUp(t, words[0], services, timeout))
	case "build":
		chosen := want.Services
		if len(services) > 0 {
			only, err := want.Only(services...)
			if err != nil {
				return plan.Plan{}, err
			}
			chosen = only.Services
		}
		return images.Plan(want, chosen, func(b engine.BuildSpec) engine.BuildSpec { b.Check = f.has("check"); return b })
	case "run":
		return up.PlanRun(want, have, services[0], up.RunOptions{Name: "demo-" + services[0] + "-run-1", Slug: "1", UpOptions: f.planUp(t, "run", nil, timeout)})
	case "down":
		return up.PlanDown(want, have, up.DownOptions{
			Services: services, RemoveOrphans: f.has("remove-orphans"), Volumes: f.has("v"), Images: f["rmi"], Timeout: timeout,
		})
	case "start":
		return up.PlanStart(want, have, up.StartOptions{Services: services, Wait: f.has("wait")})
	case "stop":
		return up.PlanStop(want, have, up.StopOptions{Services: services, Timeout: timeout})
	case "restart":
		return up.PlanRestart(want, have, up.RestartOptions{Services: services, NoDeps: f.has("no-deps"), Timeout: timeout})
	case "kill":
		return up.PlanKill(want, have, up.KillOptions{Services: services, Signal: f["s"], Orphans: f.has("remove-orphans")})
	case "rm":
		return up.PlanRemove(want, have, up.RemoveOptions{Services: services, Stop: f.has("s"), Volumes: f.has("v"), Timeout: timeout})
	case "pause":
		return up.PlanPause(want, have, services)
	case "unpause":
		return up.PlanUnpause(want, have, services)
	}
	t.Fatalf("command: what is %q?", words[0])
	return plan.Plan{}, nil
}

type flags map[string]string

func (f flags) has(name string) bool {
	_, ok := f[name]
	return ok
}

func (f flags) duration(t *testing.T, name string) *time.Duration {
	if !f.has(name) {
		return nil
	}
	d, err := time.ParseDuration(f[name])
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

func (f flags) planUp(t *testing.T, command string, services []string, timeout *time.Duration) up.UpOptions {
	opt := up.UpOptions{
		Services: services, NoDeps: f.has("no-deps"), NoStart: command == "create", RemoveOrphans: f.has("remove-orphans"),
		RenewAnonVolumes: f.has("V"), Timeout: timeout, Wait: f.has("wait"), Settle: time.Second, Pull: f["pull"],
		Build: f.has("build"), NoBuild: f.has("no-build"), ImagesReady: f.has("images-ready"), RecreateVolumes: f.has("yes"), Now: now,
		IgnoreOrphans: f.has("ignore-orphans"),
	}
	if f.has("force-recreate") {
		opt.Recreate = up.RecreateForce
	}
	if f.has("no-recreate") {
		opt.Recreate = up.RecreateNever
	}
	if f.has("always-recreate-deps") {
		opt.RecreateDeps = up.RecreateForce
	}
	if f.has("wait-timeout") {
		opt.WaitTimeout = *f.duration(t, "wait-timeout")
	}
	if scale := f["scale"]; scale != "" {
		opt.Scale = map[string]int{}
		for entry := range strings.SplitSeq(scale, ",") {
			name, n, _ := strings.Cut(entry, ":")
			count, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			opt.Scale[name] = count
		}
	}
	return opt
}

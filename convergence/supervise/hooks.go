package supervise

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// hooksAround are the hooks that run before and after the action: pre_stop in
// what still runs, post_start in what runs again.
func hooksAround(action restartpolicy.Action, s *project.Service, seen engine.Inspection) (before, then []plan.RunHook) {
	stops := action == restartpolicy.Stop || action == restartpolicy.Restart
	starts := action == restartpolicy.Start || action == restartpolicy.Restart
	if stops && seen.State == engine.Running {
		for i, h := range s.PreStop {
			before = append(before, plan.RunHook{Target: seen.Ref, Service: s.Name, Kind: "pre_stop", Index: i, Hook: h})
		}
	}
	if starts {
		for i, h := range s.PostStart {
			then = append(then, plan.RunHook{Target: seen.Ref, Service: s.Name, Kind: "post_start", Index: i, Hook: h})
		}
	}
	return before, then
}

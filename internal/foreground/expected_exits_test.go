package foreground

import (
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// TestOwnEnds: whom a plan stops, whatever for, ends once without its own doing; who
// is down already and whom the plan leaves alone end by themselves.
func TestOwnEnds(t *testing.T) {
	var have engine.Observed
	ref := func(id string) engine.Ref { return engine.Ref{ID: id, Name: "p-" + id + "-1"} }
	for id, state := range map[string]engine.State{
		"old": engine.Running, "surplus": engine.Paused, "dependent": engine.Running, "killed": engine.Running,
		"down": engine.Exited, "crashing": engine.Restarting, "alone": engine.Running,
	} {
		have.Containers = append(have.Containers, engine.Container{Ref: ref(id), Service: id, State: state})
	}
	var own expectedExits
	own.expect(have, plan.Plan{Steps: []plan.Step{
		{ID: "1", Action: plan.StopContainer{Target: ref("old")}},
		{ID: "2", Action: plan.RemoveContainer{Target: ref("old")}},
		{ID: "3", Action: plan.RemoveContainer{Target: ref("surplus")}},
		{ID: "4", Action: plan.RestartContainer{Target: ref("dependent")}},
		{ID: "5", Action: plan.KillContainer{Target: ref("killed"), Signal: "KILL"}},
		{ID: "6", Action: plan.RemoveContainer{Target: ref("down")}},
		{ID: "7", Action: plan.StopContainer{Target: ref("crashing")}},
		{ID: "8", Action: plan.PauseContainer{Target: ref("alone")}},
	}})
	for id, want := range map[string]bool{"old": true, "surplus": true, "dependent": true, "killed": true, "down": false, "crashing": false, "alone": false} {
		c := engine.Container{Ref: ref(id)}
		if first, second := own.take(c), own.take(c); first != want || second {
			t.Errorf("%s: the ends are the command's own: %t, %t; want %t, false", id, first, second, want)
		}
	}
}

package restartpolicy_test

import (
	"fmt"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// A container that keeps failing, under a policy which only a supervisor can apply.
func ExampleDecide() {
	attempts, delay := uint64(2), time.Second
	policy, err := restartpolicy.FromDeploy("on-failure", &delay, nil, &attempts)
	if err != nil {
		fmt.Println(err)
		return
	}
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // by the engine's clock
	in := restartpolicy.Input{
		Policy:    policy,
		Owner:     policy.Owner(),
		Container: restartpolicy.Subject{ID: "b1946ac92492", State: restartpolicy.Exited, StartedAt: began},
		Gapless:   true,
	}
	for run := range 3 {
		in.Now += 5 * time.Second // by the supervisor's
		in.Container.StartedAt = began.Add(time.Duration(run) * time.Minute)
		in.Container.Exit = restartpolicy.Exit{Code: 1, At: in.Container.StartedAt.Add(5 * time.Second)}
		var d restartpolicy.Decision
		d, in.History = restartpolicy.Decide(in)
		fmt.Printf("%v in %v: %s (%s)\n", d.Action, d.Wait(in.Now).Round(100*time.Millisecond), d.Reason, d.Detail)
	}
	// Output:
	// start in 1.2s: exited (exit 1, restart 1 of 2)
	// start in 1.2s: exited (exit 1, restart 2 of 2)
	// give up in 0s: restart limit reached (exit 1, policy on-failure:2,delay=1s)
}

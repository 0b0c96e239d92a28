package ui

import (
	"fmt"
	"time"

	"github.com/musterdev/muster/internal/metrics"
)

// SupervisionRow is a container as `supervise --status` shows it.
type SupervisionRow struct {
	Container, Service, State, Policy, Owner, Restarts, Next, Why string
}

// SupervisionTable shows what a supervisor sees and plans.
func SupervisionTable(all []metrics.ContainerStatus, terminal bool) Table[SupervisionRow] {
	t := Table[SupervisionRow]{
		Columns:  "{{.Container}}\t{{.State}}\t{{.Policy}}\t{{.Owner}}\t{{.Restarts}}\t{{.Next}}\t{{.Why}}",
		MinWidth: 8,
		Header: SupervisionRow{
			Container: "CONTAINER", Service: "SERVICE", State: "STATE", Policy: "POLICY", Owner: "OWNER",
			Restarts: "RESTARTS", Next: "NEXT", Why: "WHY",
		},
	}
	for _, c := range all {
		r := SupervisionRow{
			Container: c.Container, Service: c.Service, State: c.State, Policy: c.Policy, Owner: c.Owner,
			Restarts: fmt.Sprint(c.Restarts), Next: "-", Why: c.Reason,
		}
		if c.Health != "" {
			r.State += " (" + c.Health + ")"
		}
		if c.NextSeconds != nil {
			r.Next = c.Action + " in " + time.Duration(*c.NextSeconds*float64(time.Second)).Round(100*time.Millisecond).String()
		}
		if c.Detail != "" {
			r.Why += ": " + c.Detail
		}
		if c.CrashLoop {
			r.Why = "crash loop, " + r.Why
		}
		if terminal {
			r.Container, r.Service, r.Why = Escape(r.Container), Escape(r.Service), Escape(r.Why)
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

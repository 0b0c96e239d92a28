package ui

import (
	"fmt"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/restartpolicy"
)

// SupervisionRow is a container as `supervise --status` shows it.
type SupervisionRow struct {
	Container, Service, State, Policy, Owner, Restarts, Next, Why string
}

// SupervisionTable shows what a supervisor sees and plans.
func SupervisionTable(all []metrics.ContainerStatus) Table[SupervisionRow] {
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
		t.Rows = append(t.Rows, r)
	}
	return t
}

// Supervision is what a supervisor does for a container, in a few words: how
// often it was restarted, what comes next and when, and why.
func Supervision(c metrics.ContainerStatus) string {
	s := fmt.Sprintf("%d restarts", c.Restarts)
	if c.Restarts == 1 {
		s = "1 restart"
	}
	if c.CrashLoop {
		s += ", crash loop"
	}
	switch {
	case c.NextSeconds != nil:
		s += ", " + c.Action + " in " + time.Duration(*c.NextSeconds*float64(time.Second)).Round(100*time.Millisecond).String()
	case c.Action != restartpolicy.Leave.String():
		s += ", " + c.Action
	case c.State == string(engine.Running):
		return s // which needs no reason
	}
	s += ": " + c.Reason
	if c.Detail != "" {
		s += " (" + c.Detail + ")"
	}
	return s
}

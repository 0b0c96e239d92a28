package keeper

import (
	"io"
	"time"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/internal/ui"
)

// Audit prints a line per record: the time, what was seen, decided and done; or
// all of it as a JSON object.
func Audit(out io.Writer, json bool) func(supervise.Record) {
	if json {
		enc := ui.NewJSONEncoder(out)
		return func(r supervise.Record) { _ = enc.Encode(auditLine(r)) } // whoever reads may be gone
	}
	return func(r supervise.Record) {
		_ = ui.PrintLine(out, r.Time.Format(time.RFC3339)+" "+r.String())
	}
}

// auditRecord is a record in JSON.
type auditRecord struct {
	Time      time.Time `json:"time"`
	Kind      string    `json:"kind"`
	Container string    `json:"container,omitempty"`
	Service   string    `json:"service,omitempty"`
	Seen      string    `json:"seen,omitempty"`
	Action    string    `json:"action,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Wait      float64   `json:"wait_seconds,omitempty"`
	ExitCode  *int      `json:"exit_code,omitempty"`
	Health    string    `json:"health,omitempty"`
	Alert     string    `json:"alert,omitempty"`
	Error     string    `json:"error,omitempty"`
}

func auditLine(r supervise.Record) auditRecord {
	a := auditRecord{
		Time: r.Time, Kind: string(r.Kind), Container: r.Container.Name, Service: r.Service, Seen: r.Seen,
		Reason: string(r.Decision.Reason), Detail: r.Decision.Detail, Wait: r.Wait.Seconds(), Health: string(r.Health), Alert: string(r.Alert),
	}
	switch r.Kind {
	case supervise.RecordDecision:
		a.Action = r.Decision.Action.String()
	case supervise.RecordAction:
		a.Action = r.Action.String()
	case supervise.RecordExit:
		a.ExitCode = &r.ExitCode
	}
	if r.Err != nil {
		a.Error = r.Err.Error()
	}
	return a
}

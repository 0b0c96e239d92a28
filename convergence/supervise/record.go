package supervise

import (
	"fmt"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/restartpolicy"
)

// RecordKind says what a Record is about.
type RecordKind string

// The kinds of records.
const (
	RecordDecision RecordKind = "decision" // a container was judged anew
	RecordAction   RecordKind = "action"   // something was done, or failed
	RecordHook     RecordKind = "hook"     // a hook before or after an action failed
	RecordExit     RecordKind = "exit"     // a container's process ended
	RecordRestart  RecordKind = "restart"  // the engine restarted a container by itself
	RecordHealth   RecordKind = "health"   // the engine's verdict changed
	RecordGap      RecordKind = "gap"      // events may have been lost
	RecordEngine   RecordKind = "engine"   // the engine went away or came back
)

// Alert is a reason to notify someone.
type Alert string

// The alerts.
const (
	AlertNone      Alert = ""
	AlertCrashLoop Alert = "crash_loop"
	AlertGaveUp    Alert = "gave_up"
	AlertUnhealthy Alert = "unhealthy"
	AlertRecovered Alert = "recovered"
)

// Record is one line of the audit: what was seen, what was decided, why.
type Record struct {
	Time      time.Time
	Kind      RecordKind
	Container engine.Ref // zero for records about the engine
	Service   string
	Seen      string
	Decision  restartpolicy.Decision
	Wait      time.Duration // until the decision is carried out
	Action    restartpolicy.Action
	ExitCode  int           // of RecordExit
	Count     int           // of RecordRestart: how often since it was seen last
	Health    engine.Health // of RecordHealth
	Alert     Alert
	Err       error // of a failed action or hook, or a lost engine
}

// String is the record as a line of text without its time.
func (r Record) String() string {
	name := r.Container.Name
	switch r.Kind {
	case RecordDecision:
		why := string(r.Decision.Reason)
		if r.Decision.Detail != "" {
			why += ": " + r.Decision.Detail
		}
		s := fmt.Sprintf("%s: state: %s; decision: %s (%s)", name, r.Seen, r.Decision.Action, why)
		if r.Wait > 0 {
			s += fmt.Sprintf(", in %v", r.Wait.Round(time.Millisecond))
		}
		if r.Decision.CrashLoop {
			s += ", crash loop"
		}
		return s
	case RecordAction:
		if r.Err != nil {
			return fmt.Sprintf("%s: %s: %v", name, r.Action, r.Err)
		}
		return fmt.Sprintf("%s: %s done", name, r.Action)
	case RecordHook:
		return fmt.Sprintf("%s: %v", name, r.Err)
	case RecordExit:
		return fmt.Sprintf("%s: exited with code %d", name, r.ExitCode)
	case RecordRestart:
		return fmt.Sprintf("%s: restarted by the engine (%d since it was seen last)", name, r.Count)
	case RecordHealth:
		if r.Alert == AlertRecovered {
			return name + ": recovered"
		}
		return fmt.Sprintf("%s: %s", name, r.Health)
	case RecordGap:
		return "lost the event stream; reading everything again"
	}
	if r.Err != nil {
		return fmt.Sprintf("engine: %v", r.Err)
	}
	return "engine: " + r.Seen
}

// record stamps and hands a record out.
func (l *loop) record(r Record) {
	r.Time = time.Now()
	l.sup.opt.Record(r)
}

// alerted remembers what was alerted, so that it is told once and its end too.
func (w *ward) alerted(a Alert) {
	switch a {
	case AlertCrashLoop:
		w.looping, w.bad = true, true
	case AlertUnhealthy:
		w.sick, w.bad = true, true
	case AlertGaveUp:
		w.bad = true
	}
}

// provenAfter is how long a container without a health check must have run to
// count as recovered.
const provenAfter = 10 * time.Second

// recovered reports, once, that a container which was alerted about runs well
// again: healthy if it has a check, and if it was in a crash loop well out of it.
func (l *loop) recovered(w *ward) {
	c := w.seen
	well := c.State == engine.Running && (c.Health == engine.HealthHealthy || c.Health == engine.HealthNone && l.now()-w.upSince >= provenAfter)
	if !w.bad || !well || w.looping && w.history.Score(l.now()) >= restartpolicy.ReleaseScore {
		return
	}
	w.bad, w.looping, w.sick = false, false, false
	l.record(Record{Kind: RecordHealth, Container: w.ref, Service: w.service, Seen: describe(c), Health: c.Health, Alert: AlertRecovered})
}

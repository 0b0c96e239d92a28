package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// Engines carry a stop out whether its caller still listens or not: one that was
// interrupted ends the container when its grace period is over, whatever was
// said of it in between. Nothing in a list or an inspection tells of it. What
// does are the signals that the engine remembers having sent, whoever asked for
// them, and what earlier runs on this machine noted down.

// PendingCall is a call that an earlier run made and whose end it did not see.
type PendingCall struct {
	Verb      string // of the call: "stop", "restart", "kill", "create", "start", "pause" or "unpause"
	Container Ref
	At        time.Time      // by the engine's clock
	Grace     *time.Duration // of a stop or restart; nil is the container's own
}

// Stopping is a stop that the engine has begun and not ended.
type Stopping struct {
	// Run is when the run of the container began that is to end.
	Run time.Time
	// Within is how much longer that can take.
	Within time.Duration
}

const (
	// engineGrace is the engine's grace period where nobody set one.
	engineGrace = 10 * time.Second
	// stopSlack is how much longer than its grace period a stop may take on a busy
	// machine before it is no longer counted on.
	stopSlack = 5 * time.Second
	// callTime is how long after a call its first event may come.
	callTime = 2 * time.Second
	// doubtTime is how long a signal that did not end its container is worth a
	// word: it may have been a stop with a longer grace period than is known.
	doubtTime = 10 * time.Minute
)

// inspector is what FindStopping asks of an engine.
type inspector interface {
	InspectContainer(ctx context.Context, c Ref) (Inspection, error)
}

// FindStopping completes an observation with the stops in flight among its
// containers, by the past that was observed and by what earlier runs asked of
// the engine. Where neither knows of any it asks nothing. now is the time by the
// engine's clock. Doubts are remarks for people.
func FindStopping(ctx context.Context, e inspector, have Observed, pending []PendingCall, now time.Time) (found Observed, doubts []string, err error) {
	signals, ended := unanswered(have.Past)
	found = have
	found.Containers, found.Stopping = slices.Clone(have.Containers), map[string]Stopping{}
	for i, c := range have.Containers {
		calls := stopsOf(pending, c.Ref)
		calls = slices.DeleteFunc(calls, func(a PendingCall) bool {
			// What the engine would remember and does not never reached it.
			lost := a.Verb == "kill" || len(signals[c.ID]) == 0 && reaches(have.Past, a.At)
			return lost && now.Sub(a.At) > callTime
		})
		late := ended[c.ID] && (c.State == Running || c.State == Paused)
		if !c.Up() || len(signals[c.ID]) == 0 && len(calls) == 0 && !late {
			continue
		}
		seen, err := e.InspectContainer(ctx, c.Ref)
		if errors.Is(err, ErrNotFound) {
			return have, nil, fmt.Errorf("container %s was removed in the meantime: %w", c.Name, ErrStale)
		}
		if err != nil {
			return have, nil, err
		}
		// A list is late: an engine tells of an end before it lists it.
		found.Containers[i] = c.now(seen.Container)
		if !seen.Up() {
			continue
		}
		until := stoppedBy(seen, signals[c.ID], calls)
		switch left := until.Sub(now); {
		case until.IsZero():
		case left > 0:
			found.Stopping[c.ID] = Stopping{Run: seen.StartedAt, Within: left}
		case left > -doubtTime:
			doubts = append(doubts, fmt.Sprintf("an earlier command sent container %s its stop signal, and it is still running: "+
				"if that was a stop with a longer timeout, the engine will still stop it", c.Name))
		}
	}
	return found, doubts, nil
}

// now is the container with what changes while it exists as it was seen later.
func (c Container) now(seen Container) Container {
	if c.State != seen.State {
		c.State, c.Status, c.Health, c.ExitCode = seen.State, seen.Status, seen.Health, seen.ExitCode
	}
	return c
}

// reaches reports whether the engine remembers what happened at that time: it
// remembers something older.
func reaches(past []Event, at time.Time) bool {
	return slices.ContainsFunc(past, func(ev Event) bool { return ev.Time.Before(at) })
}

// unanswered are, by container ID, the signals after which no end of the
// container is known, and the containers that ended and are not known to have
// been started since.
func unanswered(past []Event) (signals map[string][]Event, ended map[string]bool) {
	signals, ended = map[string][]Event{}, map[string]bool{}
	for _, ev := range past {
		switch ev.Action {
		case "kill":
			signals[ev.Container.ID] = append(signals[ev.Container.ID], ev)
		case "die", "start", "destroy":
			delete(signals, ev.Container.ID)
			ended[ev.Container.ID] = ev.Action == "die"
		}
	}
	return signals, ended
}

// stopsOf are the calls that end the container's run.
func stopsOf(pending []PendingCall, c Ref) []PendingCall {
	var calls []PendingCall
	for _, a := range pending {
		if slices.Contains([]string{"stop", "restart", "kill"}, a.Verb) && (a.Container.ID == c.ID || a.Container.ID == "" && a.Container.Name == c.Name) {
			calls = append(calls, a)
		}
	}
	return calls
}

// stoppedBy is when the container's present run will have ended at the latest;
// zero if nothing ends it.
func stoppedBy(seen Inspection, signals []Event, calls []PendingCall) time.Time {
	var until time.Time
	within := func(at time.Time, d time.Duration) {
		if at = at.Add(d); at.After(until) {
			until = at
		}
	}
	ends := func(at time.Time, grace time.Duration) {
		if grace < 0 { // never by force: when it likes
			grace = engineGrace
		}
		within(at, grace+stopSlack)
	}
	own := cmp.Or(seen.StopTimeout, engineGrace)
	for _, ev := range signals {
		if ev.Time.After(seen.StartedAt) && restartpolicy.Stops(seen.StopSignal, ev.Signal) {
			ends(ev.Time, own)
		}
	}
	for _, a := range calls {
		grace := own
		if a.Grace != nil {
			grace = *a.Grace
		}
		switch {
		case !a.At.After(seen.StartedAt):
		case a.Verb == "kill": // at once, when the engine comes to it
			within(a.At, callTime)
		default:
			ends(a.At, grace)
		}
	}
	return until
}

// Done reports whether a call took effect, or something after it did. Of other
// verbs than create, start, restart, pause and unpause nobody needs to know.
func (a PendingCall) Done(seen Inspection) bool {
	switch a.Verb {
	case "start", "restart":
		return seen.StartedAt.After(a.At)
	case "pause":
		return seen.State != Running
	case "unpause":
		return seen.State != Paused
	}
	return true
}

// Until is when a call that is not done can no longer take effect.
func (a PendingCall) Until(seen Inspection, past []Event, now time.Time) time.Time {
	soon := a.At.Add(callTime)
	if a.Verb != "restart" {
		return soon
	}
	signals, _ := unanswered(past)
	if seen.Up() && len(signals[seen.ID]) == 0 && reaches(past, a.At) && now.After(soon) {
		return soon // it never reached the engine
	}
	return stoppedBy(seen, signals[seen.ID], []PendingCall{a})
}

// EndsAtOnce reports whether the signal ends a process whatever it does about signals.
func EndsAtOnce(signal string) bool { return restartpolicy.Kills(signal) }

// IsStopping reports whether the container runs and an earlier command stops it.
func (o Observed) IsStopping(c Container) (Stopping, bool) {
	s, ok := o.Stopping[c.ID]
	return s, ok && c.Up()
}

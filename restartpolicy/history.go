package restartpolicy

import (
	"fmt"
	"time"
)

// History is what has to be remembered about a container between decisions. It is
// a value: Decide takes one and returns the next, and never changes the one it was
// given. The zero History knows nothing, which is how to begin after the
// supervisor starts, and again when a service's definition changes.
type History struct{ memory }

// memory is the part of a History that == can compare. Engine timestamps in it
// went through instant.
type memory struct {
	known bool // the container was observed before

	exit exitKey       // the exit judged last
	seen time.Duration // when it was first seen

	score    float64       // weight of past failures as of fadedTo
	fades    bool          // the container runs, as far as is known, and well
	fadedTo  time.Duration // since when it does, if it does
	failedAt time.Duration // when the last failure was seen
	failures int           // how many there were, to vary the jitter

	attempts    int    // restarts granted since the last deliberate start
	failed      int    // of them those that did not hold for the policy's window
	counted     bool   // the start that is planned is an attempt
	trying      bool   // the run is one, and may still fail
	lapsed      bool   // it failed by turning unhealthy
	startErrors int    // starts in a row that failed for a permanent reason
	refused     Reason // why no restart follows this exit, if one is refused for good

	planned Action        // Start or Restart when granted and not yet seen, else Leave
	due     time.Duration // when to carry it out

	startedAt    time.Time // the run observed last
	restartCount int       // the engine's count at that time
	sick         bool      // the run's unhealthiness has been counted
}

// exitKey tells a failure from the one before. The engine leaves the exit as it was
// when a start fails, so the error belongs to it.
type exitKey struct {
	at         time.Time
	startError string
	again      bool // a start failed that left no other trace
}

// Score returns the weight of past failures at the time now: 1 after a single
// failure, halved by every HalfLife of running well. The time that a container is
// down does not count, or else its own delay would soon be the reason to shorten it.
func (h History) Score(now time.Duration) float64 {
	if !h.fades {
		return h.score
	}
	return fade(h.score, now-h.fadedTo)
}

// CrashLooping reports whether failures weigh more than CrashLoopScore.
func (h History) CrashLooping(now time.Duration) bool { return h.Score(now) > CrashLoopScore }

// Attempts returns how many restarts were granted since the last deliberate start.
func (h History) Attempts() int { return h.attempts }

// FailedAt returns when the last failure was seen, on the clock of Input.Now.
func (h History) FailedAt() time.Duration { return h.failedAt }

// Equal reports whether the histories are the same.
func (h History) Equal(o History) bool { return h == o }

// String reads, for example, "failures: 3, last at 12s, score 2.97; restarts granted: 3".
func (h History) String() string {
	s := fmt.Sprintf("failures: %d", h.failures)
	if h.failures > 0 {
		s += fmt.Sprintf(", last at %v, score %.2f", h.failedAt, h.score)
	}
	s += fmt.Sprintf("; restarts granted: %d", h.attempts)
	if h.planned != Leave {
		s += fmt.Sprintf("; %v planned at %v", h.planned, h.due)
	}
	if h.refused != "" {
		s += "; given up: " + string(h.refused)
	}
	return s
}

// instant returns t in the one form in which equal instants are equal under ==.
func instant(t time.Time) time.Time { return t.Round(0).UTC() }

// StartFailed returns the history after a start or restart that was decided has
// failed. The next decision counts that failure. The engine may not record it, so
// nothing but the caller can tell.
func (h History) StartFailed() History {
	h.exit.again = true
	h.planned = Leave
	return h
}

// forgive forgets what a deliberate start makes irrelevant.
func (h *History) forgive() {
	h.score = 0
	h.attempts, h.failed, h.startErrors = 0, 0, 0
	h.counted, h.trying, h.lapsed = false, false, false
	h.refused, h.planned, h.due = "", Leave, 0
}

// runWell lets failures fade from now on.
func (h *History) runWell(now time.Duration) {
	h.score = h.Score(now)
	h.fades, h.fadedTo = true, now
}

// fail counts n failures at the time now and sets when a restart is due.
func (h *History) fail(in Input, n int) {
	h.score = h.Score(in.Now) + float64(n)
	h.fades = false
	h.failedAt = in.Now
	h.failures += n
	h.due = in.Now + Jitter(Backoff(h.score, in.Policy.Delay), in.Container.ID, h.failures)
}

// grant notes that a restart will be made, once per failure however often it is
// asked. attempt says whether it counts towards the policy's bound.
func (h *History) grant(in Input, action Action, attempt bool) {
	if h.planned == action {
		return
	}
	h.planned = action
	h.due = max(h.due, in.Now)
	if !attempt {
		return
	}
	h.attempts++
	h.counted = true
	if in.Owner == Engine {
		// A start through the API sets the engine's count back to 0.
		h.attempts += in.Container.RestartCount
	}
}

// judge decides on the attempt that the run was, now that it failed after that
// long: one that held for the policy's window succeeded.
func (h *History) judge(p Policy, ran time.Duration) {
	if h.trying && ran < p.Window {
		h.failed++
		h.lapsed = true
	}
	h.trying = false
}

// withdraw takes back the restart of a sick container, if it is planned.
func (h *History) withdraw() {
	if !h.sick || h.planned != Restart {
		return
	}
	h.planned = Leave
	h.attempts = max(0, h.attempts-1)
	h.counted = false
}

// exhausted reports whether the policy's bound on restarts is reached.
func (h *History) exhausted(in Input) bool {
	if in.Policy.MaxAttempts == 0 {
		return false
	}
	used := h.attempts
	if in.Policy.Window > 0 {
		used = h.failed
	}
	if in.Owner == Engine {
		used += in.Container.RestartCount
	}
	return used >= in.Policy.MaxAttempts
}

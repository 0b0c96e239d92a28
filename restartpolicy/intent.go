package restartpolicy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Intent is what someone other than the policy wants of a container.
type Intent uint8

const (
	// NoIntent leaves it to the policy.
	NoIntent Intent = iota
	// UserStop means that a user, or another tool, stopped it.
	UserStop
	// OpStop means that an operation of ours stopped it or works on it.
	OpStop
	// WantRun means that it should run although the policy alone would not say
	// so: it ran until the engine itself went away.
	WantRun
)

// String returns the intent as words.
func (i Intent) String() string {
	words := [...]string{"none", "user stop", "operation", "want run"}
	if int(i) < len(words) {
		return words[i]
	}
	return fmt.Sprintf("Intent(%d)", uint8(i))
}

// EventKind names what happened to a container, or to the stream of events.
type EventKind uint8

const (
	// OtherEvent means nothing here: create, rename, exec, health and the like.
	OtherEvent EventKind = iota
	// StartEvent: a run began.
	StartEvent
	// RestartEvent: a restart asked for through the API is complete. The engine's
	// own policy never emits it.
	RestartEvent
	// DieEvent: the process ended.
	DieEvent
	// KillEvent: a signal was sent through the API.
	KillEvent
	// StopEvent: a stop asked for through the API is complete. Its order relative
	// to DieEvent is not defined.
	StopEvent
	// OOMEvent: the kernel killed a process for memory.
	OOMEvent
	// DestroyEvent: the container was removed.
	DestroyEvent
	// EngineGone: the stream ended because the engine went away; get it from
	// Shutdown. A stream that merely broke is a GapEvent instead.
	EngineGone
	// GapEvent: events may have been lost.
	GapEvent
)

// ParseEventKind returns the kind of an event by the engine's word for it.
func ParseEventKind(action string) EventKind {
	switch action {
	case "start":
		return StartEvent
	case "restart":
		return RestartEvent
	case "die":
		return DieEvent
	case "kill":
		return KillEvent
	case "stop":
		return StopEvent
	case "oom":
		return OOMEvent
	case "destroy":
		return DestroyEvent
	}
	return OtherEvent
}

// StreamEvent is one event of a container, as the engine or its stream gave it.
type StreamEvent struct {
	Kind   EventKind
	At     time.Duration // when it was received, on the clock of Input.Now
	Time   time.Time     // when it happened, by the engine's clock; zero if unknown
	Signal string        // of a KillEvent: number or name, with or without SIG
	// Ours says that a call of ours caused it.
	Ours bool

	began   time.Duration // of EngineGone: stops since then were the engine's own
	settled time.Duration // of EngineGone: and until then
}

const (
	// shutdownGrace is how long before the end of the stream a stop may be the
	// work of an engine going down, which stops its containers just as a user does.
	shutdownGrace = 3 * time.Second
	// shutdownSpread is how much earlier than the others an engine going down may
	// be done with one of its containers.
	shutdownSpread = time.Second
)

// Shutdown returns the event to observe for each container after the engine went
// away at the time gone; all are the edges of all its containers. The engine waits
// for its slowest container, so a stop belongs to the shutdown if it ended within
// the last three seconds or while another stop that does was under way.
//
// back is when the engine was back. One that was killed stops, as it boots, what
// still runs: stops that are heard of within three seconds are its own too.
func Shutdown(gone, back time.Duration, all []Edges) StreamEvent {
	began := gone - shutdownGrace
	for earlier := true; earlier; {
		earlier = false
		for _, e := range all {
			if from := e.stopFrom - shutdownSpread; e.intent == UserStop && e.stopAt > began && from < began {
				began, earlier = from, true
			}
		}
	}
	return StreamEvent{Kind: EngineGone, At: gone, began: began, settled: back + shutdownGrace}
}

// Edges is what a container's events told that its state does not: who stopped
// it, and whether memory ran out. It is a comparable value that Observe and Look
// fold one after the other; the zero Edges knows of no event. Since events may be
// lost, late or repeated, Look corrects it by the engine's state.
type Edges struct {
	// StopSignal is the container's configured stop signal; empty is SIGTERM.
	StopSignal string

	intent   Intent
	run      time.Time     // StartedAt of the run that the rest is about; zero if unknown
	running  bool          // as far as is known
	signal   bool          // a signal that stops was sent, and the process has not ended yet
	stopFrom time.Duration // when the last stop began
	stopAt   time.Duration // when it was last heard of
	oom      bool          // memory ran out in the current run
	oomExit  bool          // memory ran out in the run that ended last
	asked    bool          // the last exit was asked for
	gapless  bool          // the last exit was seen, and so would have been a stop before it
	booted   time.Duration // until when stops are those of an engine that boots
}

// Intent returns what the events say about who wants the container how.
func (e Edges) Intent() Intent { return e.intent }

// Requested reports whether the last exit was asked for, for Exit.Requested.
func (e Edges) Requested() bool { return e.asked }

// OOM reports whether memory ran out in the run that ended last, for Exit.OOM. The
// engine itself forgets it at the next start.
func (e Edges) OOM() bool { return e.oomExit }

// Gapless reports whether the events since the last exit are complete, for
// Input.Gapless.
func (e Edges) Gapless() bool { return e.gapless }

// Observe returns the edges after one more event.
//
//   - die alone is an exit that nobody asked for
//   - a stop signal followed by die or stop, in any order, is a stop by a user; or,
//     if the engine goes away within three seconds, the engine's own shutdown; or,
//     if a start follows, a restart by a user
//   - stop alone is a user's stop while the engine waited to restart
//   - any other signal without an exit asks for a reload
//   - what was running when the engine went away should run
//   - a gap voids what an event lost in it might contradict
func (e Edges) Observe(ev StreamEvent) Edges {
	if e.stale(ev) {
		return e
	}
	switch ev.Kind {
	case KillEvent:
		if !e.stops(ev.Signal) {
			break
		}
		if e.byBoot(ev) {
			e.intent = WantRun
			break
		}
		e.signal, e.stopFrom, e.stopAt = e.running, ev.At, ev.At
		e.asked = e.asked || !e.running // the signal is told after the exit it caused
		e.intent = stopIntent(ev, e.intent)
	case DieEvent:
		e.asked = e.signal || !e.running && e.asked // the same exit may be told twice
		if e.signal {
			e.stopAt = ev.At
		}
		e.oom, e.oomExit = false, e.oom || !e.running && e.oomExit
		e.running, e.signal, e.gapless = false, false, true
	case StopEvent:
		// The process has ended, but its exit may be told later.
		if e.byBoot(ev) {
			e.intent, e.running, e.gapless = WantRun, false, true
			break
		}
		if e.intent != UserStop {
			e.stopFrom = ev.At
		}
		e.asked, e.signal, e.stopAt = true, e.running, ev.At
		e.running, e.gapless = false, true
		e.intent = stopIntent(ev, e.intent)
	case OOMEvent:
		e.oom = true
	case StartEvent, RestartEvent:
		e.intent, e.run, e.running, e.signal = NoIntent, time.Time{}, true, false
	case DestroyEvent:
		e.running = false
	case EngineGone:
		e = e.engineGone(ev.began)
		e.booted = ev.settled
	case GapEvent:
		// What is known of an exit stays true until Look finds another run.
		e.signal = false
		e.asked, e.gapless = e.asked && !e.running, e.gapless && !e.running
	}
	return e
}

// stopIntent returns the intent after a stop, which is whose call it was. A stop
// by an operation stays one, whoever else stops the container too.
func stopIntent(ev StreamEvent, before Intent) Intent {
	if ev.Ours || before == OpStop {
		return OpStop
	}
	return UserStop
}

// byBoot reports whether a stop is that of an engine which boots after a crash.
func (e Edges) byBoot(ev StreamEvent) bool { return !ev.Ours && ev.At < e.booted }

// stale reports whether an event is about a run before the one that is known.
func (e Edges) stale(ev StreamEvent) bool {
	switch ev.Kind {
	case KillEvent, DieEvent, StopEvent, OOMEvent:
		return !ev.Time.IsZero() && ev.Time.Before(e.run)
	}
	return false
}

// engineGone voids a stop that can only have been the engine's own, and notes
// what should run when it is back.
func (e Edges) engineGone(began time.Duration) Edges {
	shutdown := e.intent == UserStop && e.stopAt > began
	if e.intent == NoIntent && e.running || shutdown {
		e.intent = WantRun
		e.asked = false
	}
	e.running, e.signal, e.gapless = false, false, false
	return e
}

// RestartFailed returns the edges after a restart of ours that did not bring the
// container up again: the stop that was a part of it is no reason to leave the
// container down.
func (e Edges) RestartFailed() Edges {
	if e.intent == OpStop {
		e.intent, e.asked = WantRun, false
	}
	return e
}

// Look returns the edges corrected by the container's state as just inspected.
// startedAt, by the engine's clock, tells one run from another: what the events
// said about a run is dropped when another one is found.
func (e Edges) Look(state RunState, startedAt time.Time) Edges {
	startedAt = instant(startedAt)
	up := state == Running || state == Paused || state == Restarting
	other := !e.run.IsZero() && e.run != startedAt
	// While the engine waits to restart, the run is over and not yet another one.
	missed := other || up && !e.running && state != Restarting
	if missed {
		e.signal, e.oom = false, false
		if e.intent == UserStop || e.intent == OpStop {
			e.intent = NoIntent
		}
	}
	if up && e.intent == WantRun {
		e.intent = NoIntent
	}
	if other && !up {
		e.asked, e.oomExit, e.gapless = false, false, false // its end was not seen
	}
	if !up && e.running && !other {
		// Nor was this one's; if its event is late, it will say the same.
		e.asked, e.oomExit, e.gapless = e.signal, e.oom, false
	}
	e.running, e.run = up, startedAt
	return e
}

// Stops reports whether a signal, by name or number, asks the process of a
// container with that stop signal to end.
func Stops(stopSignal, signal string) bool { return Edges{StopSignal: stopSignal}.stops(signal) }

// Kills reports whether the signal ends a process whatever it does about signals.
func Kills(signal string) bool { return signalName(signal) == "KILL" }

// stops reports whether a signal asks the container's process to end.
func (e Edges) stops(signal string) bool {
	configured := e.StopSignal
	if configured == "" {
		configured = "TERM"
	}
	s := signalName(signal)
	return s == "KILL" || s == "TERM" || s == signalName(configured)
}

// signalName returns a signal's name without SIG, given its name or number.
func signalName(s string) string {
	s = strings.TrimPrefix(strings.ToUpper(s), "SIG")
	names := map[string]string{
		"1": "HUP", "2": "INT", "3": "QUIT", "6": "ABRT", "9": "KILL", "10": "USR1", "12": "USR2", "15": "TERM", "28": "WINCH",
	}
	if name, ok := names[s]; ok {
		return name
	}
	if n, err := strconv.Atoi(s); err == nil && n > 34 { // a real-time signal
		return "RTMIN+" + strconv.Itoa(n-34)
	}
	return s
}

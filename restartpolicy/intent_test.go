package restartpolicy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// tell folds a story into edges. Its words are events, "kill:9" with a signal,
// "our-…" for calls of ours, "old-…" for an event of an earlier run, "look:STATUS"
// for an inspection of the current run and "next:STATUS" for one of another run.
// Each word takes a tenth of a second, and "wait" five seconds.
func tell(story string) restartpolicy.Edges {
	var e restartpolicy.Edges
	now, run := time.Duration(0), 0
	for _, word := range strings.Fields(story) {
		now += 100 * time.Millisecond
		word, ours := strings.CutPrefix(word, "our-")
		word, old := strings.CutPrefix(word, "old-")
		word, arg, _ := strings.Cut(word, ":")
		ev := restartpolicy.StreamEvent{Kind: restartpolicy.ParseEventKind(word), At: now, Time: at(float64(run) + 0.5), Signal: arg, Ours: ours}
		if old {
			ev.Time = at(float64(run) - 0.5)
		}
		switch word {
		case "wait":
			now += 5 * time.Second
			continue
		case "next":
			run++
			fallthrough
		case "look":
			e = e.Look(restartpolicy.RunState(arg), at(float64(run)))
			continue
		case "start":
			run++
		case "EOF":
			ev = restartpolicy.Shutdown(now, now, []restartpolicy.Edges{e})
		case "gap":
			ev.Kind = restartpolicy.GapEvent
		case "stopsignal":
			e.StopSignal = arg
			continue
		}
		e = e.Observe(ev)
	}
	return e
}

func TestIntentFromEvents(t *testing.T) {
	const up = "look:running "
	for _, tt := range []struct {
		name  string
		story string
		want  string
	}{
		{"nothing", "", "none"},
		{"running", up, "none"},
		{"other events", up + "exec_start: health_status rename", "none"},

		{"die alone", up + "die", "none, gapless"},
		{"die and look", up + "die look:exited", "none, gapless"},
		{"look before die", up + "look:exited die", "none, gapless"},
		{"look and no die", up + "look:exited", "none"},
		{"oom and die", up + "oom die", "none, oom, gapless"},
		{"oom and die and start", up + "oom die start look:running", "none, oom, gapless"},
		{"oom once", up + "oom die start look:running die", "none, gapless"},
		{"oom of a child", up + "oom wait", "none"},

		{"stop", up + "kill:15 die stop", "user stop, requested, gapless"},
		{"stop before die", up + "kill:15 stop die", "user stop, requested, gapless"},
		{"stop before die, looked at between", up + "kill:15 stop look:exited die", "user stop, requested, gapless"},
		{"everything twice", up + "kill:15 kill:15 die die stop stop", "user stop, requested, gapless"},
		{"kill told last", up + "die kill:9", "user stop, requested, gapless"},
		{"kill", up + "kill:9 die", "user stop, requested, gapless"},
		{"kill by name", up + "kill:SIGKILL die", "user stop, requested, gapless"},
		{"kill by stop signal", "stopsignal:SIGQUIT " + up + "kill:3 die", "user stop, requested, gapless"},
		{"kill by TERM with another stop signal", "stopsignal:SIGQUIT " + up + "kill:15 die", "user stop, requested, gapless"},
		{"slow stop", up + "kill:15 wait look:running wait die stop", "user stop, requested, gapless"},
		{"kill still to take effect", up + "kill:15 look:running", "user stop"},
		{"settled", up + "kill:15 die stop wait look:exited", "user stop, requested, gapless"},
		{"stop in a gap's wake", up + "kill:15 die stop gap look:exited", "user stop, requested, gapless"},
		{"stop and, in a gap, another run", up + "kill:15 die stop gap next:exited", "none"},
		{"stop and, in a gap, a start", up + "kill:15 die stop gap next:running", "none, requested, gapless"},

		{"restart by hand", up + "kill:15 die stop start restart look:running", "none, requested, gapless"},
		{"restart by hand, then a crash", up + "kill:15 die stop start restart look:running die", "none, gapless"},
		{"start by hand", up + "kill:15 die stop wait start look:running", "none, requested, gapless"},
		{"start by hand, event lost", up + "kill:15 die stop next:running", "none, requested, gapless"},
		{"stop of an earlier run told late", up + "die start look:running old-kill:15 old-stop", "none, gapless"},

		{"stop in backoff", up + "die look:restarting stop look:exited", "user stop, requested, gapless"},
		{"in backoff", up + "die look:restarting", "none, gapless"},

		{"reload", up + "kill:1", "none"},
		{"reload, then a crash", up + "kill:HUP wait die", "none, gapless"},
		{"reload, then another run", up + "kill:HUP wait die start look:running", "none, gapless"},

		{"destroy", up + "kill:9 die destroy", "user stop, requested, gapless"},

		{"our stop", up + "our-kill:15 our-die our-stop", "operation, requested, gapless"},
		{"a user's stop during ours", up + "our-kill:15 kill:9 die our-stop", "operation, requested, gapless"},
		{"our start", up + "our-kill:15 our-die our-stop our-start look:running", "none, requested, gapless"},

		{"engine crash", up + "EOF", "want run"},
		{"engine crash, back down", up + "EOF gap look:exited", "want run"},
		{"engine crash, back up", up + "EOF gap next:running", "none"},
		{"engine shutdown", up + "kill:15 die stop EOF", "want run"},
		{"engine shutdown without the end", up + "kill:15 EOF", "want run"},
		{"engine shutdown, slow", up + "kill:15 wait wait die EOF look:exited", "want run"},
		{"stop and later a shutdown", up + "kill:15 die stop wait EOF", "user stop, requested"},
		{"crash and then a shutdown", up + "die EOF", "none"},
		{"in backoff at a shutdown", up + "die look:restarting EOF", "want run"},
		{"our stop and a shutdown", up + "our-kill:15 our-die our-stop EOF", "operation, requested"},
		{"engine crash, stopped as it boots", up + "EOF kill:15 die stop look:exited", "want run, gapless"},
		{"engine crash, stopped as it boots, looked at before", up + "EOF look:running kill:15 stop die look:exited", "want run, gapless"},
		{"wanted, then stopped by a user", up + "EOF look:exited wait stop", "user stop, requested, gapless"},

		{"gap while running", up + "gap look:running", "none"},
		{"gap while running, then die", up + "gap look:running die", "none, gapless"},
		{"exit in a gap", up + "gap look:exited", "none"},
		{"exit of another run in a gap", up + "gap next:exited", "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(tell(tt.story)); got != tt.want {
				t.Errorf("%s\ngot  %s\nwant %s", tt.story, got, tt.want)
			}
		})
	}
}

func describe(e restartpolicy.Edges) string {
	s := e.Intent().String()
	for _, flag := range []struct {
		set  bool
		text string
	}{{e.Requested(), "requested"}, {e.OOM(), "oom"}, {e.Gapless(), "gapless"}} {
		if flag.set {
			s += ", " + flag.text
		}
	}
	return s
}

// An engine going down stops its containers at the same time but goes away only
// when the slowest is down. The quick ones were not stopped by a user either.
func TestShutdownWaitsForTheSlowest(t *testing.T) {
	second := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	stopped := func(from, to float64) restartpolicy.Edges {
		return restartpolicy.Edges{}.Look(restartpolicy.Running, epoch).
			Observe(restartpolicy.StreamEvent{Kind: restartpolicy.KillEvent, Signal: "15", At: second(from)}).
			Observe(restartpolicy.StreamEvent{Kind: restartpolicy.DieEvent, At: second(to)})
	}
	for _, tt := range []struct {
		name       string
		containers [][2]float64
		want       string
	}{
		{"alone", [][2]float64{{99, 99.1}}, "want run"},
		{"quick, slow", [][2]float64{{89, 89.1}, {89.2, 99.5}}, "want run, want run"},
		{"earlier by hand, slow", [][2]float64{{80, 80.1}, {89, 99.5}}, "user stop, want run"},
		{"slow by hand, ended before", [][2]float64{{80, 90}, {99, 99.5}}, "user stop, want run"},
		{"in a chain", [][2]float64{{70, 70.2}, {70.5, 81}, {80.5, 91}, {90.5, 99}}, "want run, want run, want run, want run"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var all []restartpolicy.Edges
			for _, c := range tt.containers {
				all = append(all, stopped(c[0], c[1]))
			}
			gone := restartpolicy.Shutdown(second(100), second(101), all)
			var got []string
			for _, e := range all {
				got = append(got, e.Observe(gone).Intent().String())
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		got  fmt.Stringer
		want string
	}{
		{restartpolicy.WantRun, "want run"}, {restartpolicy.Intent(99), "Intent(99)"},
		{restartpolicy.GiveUp, "give up"}, {restartpolicy.Action(99), "Action(99)"},
		{restartpolicy.Permanent, "permanent"}, {restartpolicy.Transient, "transient"},
	} {
		if tt.got.String() != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

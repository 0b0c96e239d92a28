package enginetest

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

func onlookerTests() []test {
	return []test{
		{"events of the past are told", (*harness).testPastEvents, containers | events},
		{"a stop in flight is recalled until the container has ended", (*harness).testRecall, containers | events | inside},
		{"events are told until a time to come", (*harness).testEventsUntil, containers | events},
		{"processes are listed while there are any", (*harness).testTop, containers | inside},
		{"the use of resources is measured", (*harness).testStats, containers | inside},
		{"measuring ends with the caller and the container", (*harness).testStatsEnd, containers | inside},
	}
}

func (h *harness) testPastEvents() {
	stream := h.watch()
	h.up("job", "exit 3", nil)
	h.untilAction(stream, "die")
	events := h.between("1h", "0s")
	var actions []string
	for _, ev := range events {
		actions = append(actions, ev.Action)
	}
	h.equal("actions", actions, []string{"create", "start", "die"})
	if len(events) == 0 {
		return
	}
	last := events[len(events)-1]
	if last.ExitCode != 3 || last.Service != "job" || last.Attributes["exitCode"] != "3" || last.Attributes["name"] == "" {
		h.Errorf("last event: code %d of service %q with %v", last.ExitCode, last.Service, last.Attributes)
	}
	if events := h.between("2h", "1h"); len(events) > 0 {
		h.Errorf("%d events of an hour ago, want none", len(events))
	}
	if _, err := h.EventsBetween(h.Context(), h.name, "yesterday", ""); err == nil || !strings.Contains(err.Error(), `"yesterday" is not a time`) {
		h.Errorf("error = %v, want that it is not a time", err)
	}
}

// testRecall: whoever asked for a stop and left, the engine goes on with it, and
// what it remembers tells so.
func (h *harness) testRecall() {
	stream := h.watch()
	c := h.run("web", stubborn, func(sv *types.ServiceConfig) {
		grace := types.Duration(2 * time.Second)
		sv.StopGracePeriod = &grace
	})
	ctx, leave := context.WithCancel(h.Context())
	left := make(chan error, 1)
	go func() { left <- h.StopContainer(ctx, c, nil) }()
	h.untilAction(stream, "kill")
	leave()
	if err := <-left; err == nil {
		h.Error("the stop ended before its caller left")
	}
	h.equal("recalled", h.recalled(), []string{"start", "kill TERM"})
	seen, err := h.InspectContainer(h.Context(), c)
	h.must(err)
	if seen.StopTimeout != 2*time.Second || seen.State != engine.Running {
		h.Errorf("while it is being stopped: %s, grace period %v", seen.State, seen.StopTimeout)
	}
	h.untilAction(stream, "die")
	h.equal("recalled", h.recalled(), []string{"start", "kill TERM", "kill KILL", "die"})
}

// recalled are the events that the engine remembers, with the signals' names.
func (h *harness) recalled() []string {
	h.Helper()
	past, err := h.Recall(h.Context(), h.name)
	h.must(err)
	var actions []string
	for _, ev := range past {
		action := ev.Action
		switch ev.Signal {
		case "15":
			action += " TERM"
		case "9":
			action += " KILL"
		}
		actions = append(actions, action)
	}
	return actions
}

func (h *harness) testEventsUntil() {
	// How long a container takes to come up is the machine's to say: where the end
	// comes before, a longer time is tried.
	want := []string{"create", "start"}
	for n, span := 1, time.Second; ; n, span = n+1, 2*span {
		stream, err := h.EventsBetween(h.Context(), h.name, "", time.Now().Add(span).Format(time.RFC3339Nano))
		h.must(err)
		name := "web" + strconv.Itoa(n)
		h.up(name, obedient, nil)
		var told []string
		for _, ev := range h.all(stream) { // it ends
			if ev.Service == name {
				told = append(told, ev.Action)
			}
		}
		h.must(stream.Close())
		if len(told) == len(want) || span > 5*time.Minute {
			h.equal("events", told, want)
			return
		}
		h.equal("events until an early end", told, want[:min(len(told), len(want))])
	}
}

// between are the project's events of a span of time, without those of exec.
func (h *harness) between(since, until string) []engine.Event {
	h.Helper()
	stream, err := h.EventsBetween(h.Context(), h.name, since, until)
	h.must(err)
	defer stream.Close()
	return h.all(stream)
}

func (h *harness) all(stream engine.EventStream) []engine.Event {
	ctx, cancel := h.fx.Patience.Context(h.Context())
	defer cancel()
	var events []engine.Event
	for {
		ev, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			h.Error(err)
			return events
		}
		if !strings.HasPrefix(ev.Action, "exec_") {
			events = append(events, ev)
		}
	}
}

func (h *harness) testTop() {
	c := h.run("web", obedient, nil)
	titles, processes, err := h.Top(h.Context(), c)
	h.must(err)
	command := slices.Index(titles, "CMD")
	if command < 0 || !slices.Contains(titles, "PID") || len(processes) == 0 || !strings.HasPrefix(processes[0][command], "sh -c ") {
		h.Errorf("columns %q, processes %q", titles, processes)
	}
	h.service("other", obedient, nil)
	stopped := h.create("other")
	if _, _, err := h.Top(h.Context(), stopped); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("processes of a container that does not run: error %v, want ErrConflict", err)
	}
}

func (h *harness) testStats() {
	c := h.up("web", obedient, nil)
	readings := 0
	h.must(h.Stats(h.Context(), c, false, func(st engine.Stats) error {
		readings++
		if st.PIDs == 0 || st.Memory == 0 || st.MemoryLimit < st.Memory {
			h.Errorf("measured %+v of a container that runs", st)
		}
		return nil
	}))
	if readings != 1 {
		h.Errorf("%d readings, want one", readings)
	}
}

func (h *harness) testStatsEnd() {
	c := h.up("web", obedient, nil)
	enough, readings := errors.New("enough"), 0
	err := h.Stats(h.Context(), c, true, func(engine.Stats) error {
		if readings++; readings < 2 {
			return nil
		}
		return enough
	})
	if !errors.Is(err, enough) || readings != 2 {
		h.Errorf("measuring ends with %v after %d readings, want the caller's error after 2", err, readings)
	}
	first, done := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		done <- h.Stats(h.Context(), c, true, func(engine.Stats) error {
			first <- struct{}{}
			return nil
		})
	}()
	<-first
	h.must(h.RemoveContainer(h.Context(), c, true))
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			h.Errorf("error = %v when the container is gone", err)
		}
	case <-h.fx.Patience.Out(h.Context()):
		h.Error("measuring goes on although the container is gone")
	}
}

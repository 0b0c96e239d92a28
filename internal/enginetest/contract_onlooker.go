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
		{"events of the past are told", (*stage).testPastEvents, containers | events},
		{"a stop in flight is recalled until the container has ended", (*stage).testRecall, containers | events | inside},
		{"events are told until a time to come", (*stage).testEventsUntil, containers | events},
		{"processes are listed while there are any", (*stage).testTop, containers | inside},
		{"the use of resources is measured", (*stage).testStats, containers | inside},
		{"measuring ends with the caller and the container", (*stage).testStatsEnd, containers | inside},
	}
}

func (s *stage) testPastEvents() {
	stream := s.watch()
	s.up("job", "exit 3", nil)
	s.untilAction(stream, "die")
	events := s.between("1h", "0s")
	var actions []string
	for _, ev := range events {
		actions = append(actions, ev.Action)
	}
	s.equal("actions", actions, []string{"create", "start", "die"})
	if len(events) == 0 {
		return
	}
	last := events[len(events)-1]
	if last.ExitCode != 3 || last.Service != "job" || last.Attributes["exitCode"] != "3" || last.Attributes["name"] == "" {
		s.Errorf("last event: code %d of service %q with %v", last.ExitCode, last.Service, last.Attributes)
	}
	if events := s.between("2h", "1h"); len(events) > 0 {
		s.Errorf("%d events of an hour ago, want none", len(events))
	}
	if _, err := s.EventsBetween(s.Context(), s.name, "yesterday", ""); err == nil || !strings.Contains(err.Error(), `"yesterday" is not a time`) {
		s.Errorf("error = %v, want that it is not a time", err)
	}
}

// testRecall: whoever asked for a stop and left, the engine goes on with it, and
// what it remembers tells so.
func (s *stage) testRecall() {
	stream := s.watch()
	c := s.run("web", stubborn, func(sv *types.ServiceConfig) {
		grace := types.Duration(2 * time.Second)
		sv.StopGracePeriod = &grace
	})
	ctx, leave := context.WithCancel(s.Context())
	left := make(chan error, 1)
	go func() { left <- s.StopContainer(ctx, c, nil) }()
	s.untilAction(stream, "kill")
	leave()
	if err := <-left; err == nil {
		s.Error("the stop ended before its caller left")
	}
	s.equal("recalled", s.recalled(), []string{"start", "kill TERM"})
	seen, err := s.InspectContainer(s.Context(), c)
	s.must(err)
	if seen.StopTimeout != 2*time.Second || seen.State != engine.Running {
		s.Errorf("while it is being stopped: %s, grace period %v", seen.State, seen.StopTimeout)
	}
	s.untilAction(stream, "die")
	s.equal("recalled", s.recalled(), []string{"start", "kill TERM", "kill KILL", "die"})
}

// recalled are the events that the engine remembers, with the signals' names.
func (s *stage) recalled() []string {
	s.Helper()
	past, err := s.Recall(s.Context(), s.name)
	s.must(err)
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

func (s *stage) testEventsUntil() {
	// How long a container takes to come up is the machine's to say: where the end
	// comes before, a longer time is tried.
	want := []string{"create", "start"}
	for n, span := 1, time.Second; ; n, span = n+1, 2*span {
		stream, err := s.EventsBetween(s.Context(), s.name, "", time.Now().Add(span).Format(time.RFC3339Nano))
		s.must(err)
		name := "web" + strconv.Itoa(n)
		s.up(name, obedient, nil)
		var told []string
		for _, ev := range s.all(stream) { // it ends
			if ev.Service == name {
				told = append(told, ev.Action)
			}
		}
		s.must(stream.Close())
		if len(told) == len(want) || span > 5*time.Minute {
			s.equal("events", told, want)
			return
		}
		s.equal("events until an early end", told, want[:min(len(told), len(want))])
	}
}

// between are the project's events of a span of time, without those of exec.
func (s *stage) between(since, until string) []engine.Event {
	s.Helper()
	stream, err := s.EventsBetween(s.Context(), s.name, since, until)
	s.must(err)
	defer stream.Close()
	return s.all(stream)
}

func (s *stage) all(stream engine.EventStream) []engine.Event {
	ctx, cancel := s.fx.Patience.Context(s.Context())
	defer cancel()
	var events []engine.Event
	for {
		ev, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			s.Error(err)
			return events
		}
		if !strings.HasPrefix(ev.Action, "exec_") {
			events = append(events, ev)
		}
	}
}

func (s *stage) testTop() {
	c := s.run("web", obedient, nil)
	titles, processes, err := s.Top(s.Context(), c)
	s.must(err)
	command := slices.Index(titles, "CMD")
	if command < 0 || !slices.Contains(titles, "PID") || len(processes) == 0 || !strings.HasPrefix(processes[0][command], "sh -c ") {
		s.Errorf("columns %q, processes %q", titles, processes)
	}
	s.service("other", obedient, nil)
	stopped := s.create("other")
	if _, _, err := s.Top(s.Context(), stopped); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("processes of a container that does not run: error %v, want ErrConflict", err)
	}
}

func (s *stage) testStats() {
	c := s.up("web", obedient, nil)
	readings := 0
	s.must(s.Stats(s.Context(), c, false, func(st engine.Stats) error {
		readings++
		if st.PIDs == 0 || st.Memory == 0 || st.MemoryLimit < st.Memory {
			s.Errorf("measured %+v of a container that runs", st)
		}
		return nil
	}))
	if readings != 1 {
		s.Errorf("%d readings, want one", readings)
	}
}

func (s *stage) testStatsEnd() {
	c := s.up("web", obedient, nil)
	enough, readings := errors.New("enough"), 0
	err := s.Stats(s.Context(), c, true, func(engine.Stats) error {
		if readings++; readings < 2 {
			return nil
		}
		return enough
	})
	if !errors.Is(err, enough) || readings != 2 {
		s.Errorf("measuring ends with %v after %d readings, want the caller's error after 2", err, readings)
	}
	first, done := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		done <- s.Stats(s.Context(), c, true, func(engine.Stats) error {
			first <- struct{}{}
			return nil
		})
	}()
	<-first
	s.must(s.RemoveContainer(s.Context(), c, true))
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			s.Errorf("error = %v when the container is gone", err)
		}
	case <-s.fx.Patience.Out(s.Context()):
		s.Error("measuring goes on although the container is gone")
	}
}

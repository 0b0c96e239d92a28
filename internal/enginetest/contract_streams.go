package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

func streamTests() []test {
	return []test{
		{"what happens after Watch returned is delivered", (*stage).testWatch, containers | events},
		{"a stream ends with its context", (*stage).testWatchEnds, events},
		{"other projects' events stay away", (*stage).testWatchProject, containers | events},
		{"logs keep order, streams and an unfinished line", (*stage).testLogs, containers | events | inside},
		{"logs can be cut", (*stage).testLogSelection, containers | events},
		{"following ends with the container", (*stage).testFollow, containers},
		{"following ends with the caller", (*stage).testFollowCanceled, containers},
		{"an error of the reader ends the logs", (*stage).testLogError, containers | events},
		{"long lines arrive whole", (*stage).testLongLine, containers | events | inside},
		{"what is not logged cannot be read", (*stage).testNoLog, containers},
	}
}

func (s *stage) testWatch() {
	s.service("web", obedient, nil)
	stream := s.watch()
	c := s.create("web")
	s.must(s.StartContainer(s.Context(), c))
	s.must(s.PauseContainer(s.Context(), c))
	s.must(s.UnpauseContainer(s.Context(), c))
	_, actions := s.untilAction(stream, "unpause")
	s.equal("events", actions, []string{"create", "start", "pause", "unpause"})
	s.must(stream.Close())
	if _, err := stream.Next(s.Context()); err == nil {
		s.Error("next after close = nil, want an error")
	}
}

func (s *stage) testWatchEnds() {
	cause := errors.New("the test is over")
	ctx, cancel := context.WithCancelCause(s.Context())
	stream, err := s.Watch(ctx, s.name)
	s.must(err)
	defer stream.Close()
	cancel(cause)
	if _, err := stream.Next(s.Context()); err == nil {
		s.Error("next = nil although the stream's context ended")
	}
	another := s.watch()
	short, stop := context.WithTimeout(s.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := another.Next(short); !errors.Is(err, context.DeadlineExceeded) { // of the other's project nothing is to be told
		s.Errorf("next = %v, want its own context's end", err)
	}
}

func (s *stage) testWatchProject() {
	stream, err := s.Watch(s.Context(), s.name+"x")
	s.must(err)
	defer stream.Close()
	c := s.up("web", "exit 0", nil)
	s.must(s.RemoveContainer(s.Context(), c, false))
	// An event of its own project comes after those that should stay away.
	s.name, s.compose.Name = s.name+"x", s.name+"x"
	s.Cleanup(s.sweep)
	s.up("own", "exit 0", nil)
	if ev, err := stream.Next(s.Context()); err != nil || ev.Service != "own" {
		s.Errorf("got event %s of %s, %v; want the own container's", ev.Action, ev.Container.Name, err)
	}
}

// turn lets a script wait until the file is there.
func turn(file string) string { return "until test -f " + file + "; do sleep 0.02; done; " }

func (s *stage) testLogs() {
	stream := s.watch()
	c := s.up("job", "echo one; echo two; "+turn("/a")+"echo oops >&2; "+turn("/b")+"printf three", nil)
	// An engine reads the two streams side by side: only what it has is before
	// what comes.
	for i, file := range []string{"/a", "/b"} {
		s.awaits("the lines so far", func() bool { return len(s.logs(c, engine.LogOptions{Tail: -1})) == 2+i })
		s.exec(c, "touch "+file)
	}
	s.untilAction(stream, "die")
	s.equal("lines", s.logs(c, engine.LogOptions{Tail: -1}), []string{"one", "two", "stderr: oops", "three (partial)"})
	s.equal("followed lines", s.logs(c, engine.LogOptions{Tail: -1, Follow: true}), []string{"one", "two", "stderr: oops", "three (partial)"})
}

func (s *stage) testLogSelection() {
	before, stream := time.Now(), s.watch()
	c := s.up("job", "echo one; echo two; echo three", nil)
	s.untilAction(stream, "die")
	s.equal("last two lines", s.logs(c, engine.LogOptions{Tail: 2}), []string{"two", "three"})
	s.equal("no lines", s.logs(c, engine.LogOptions{Tail: 0}), nil)
	s.equal("lines since an hour ago", s.logs(c, engine.LogOptions{Tail: -1, Since: "1h"}), []string{"one", "two", "three"})
	s.equal("lines since tomorrow", s.logs(c, engine.LogOptions{Tail: -1, Since: time.Now().Add(24 * time.Hour).Format(time.RFC3339)}), nil)
	s.equal("lines until long ago", s.logs(c, engine.LogOptions{Tail: -1, Until: "1000"}), nil)
	s.must(s.Logs(s.Context(), c, engine.LogOptions{Tail: 1, Timestamps: true}, func(l engine.LogLine) error {
		if string(l.Text) != "three" || l.Time.Before(before.Add(-skew)) || l.Time.After(time.Now().Add(skew)) {
			s.Errorf("line %q at %s, want three since %s", l.Text, l.Time, before)
		}
		return nil
	}))
}

func (s *stage) testFollow() {
	c := s.up("job", "echo one; sleep 0.3; echo two; sleep 0.3; echo three; sleep 0.3; printf end", nil)
	s.equal("lines", s.logs(c, engine.LogOptions{Tail: -1, Follow: true}), []string{"one", "two", "three", "end (partial)"})
	if got := s.inspect(c).State; got != engine.Exited {
		s.Errorf("state = %s when following ended, want exited", got)
	}
}

func (s *stage) testFollowCanceled() {
	c := s.up("web", "echo one; "+obedient, nil)
	ctx, cancel := s.fx.Patience.Context(s.Context())
	defer cancel()
	err := s.Logs(ctx, c, engine.LogOptions{Tail: -1, Follow: true}, func(engine.LogLine) error {
		cancel()
		return nil
	})
	if err == nil {
		s.Error("logs = nil although the caller went away")
	}
}

func (s *stage) testLogError() {
	stream := s.watch()
	c := s.up("job", "echo one; echo two", nil)
	s.untilAction(stream, "die")
	full, calls := errors.New("disk full"), 0
	err := s.Logs(s.Context(), c, engine.LogOptions{Tail: -1}, func(engine.LogLine) error {
		calls++
		return full
	})
	if !errors.Is(err, full) || calls != 1 {
		s.Errorf("logs = %v after %d lines, want %v after 1", err, calls, full)
	}
}

func (s *stage) testLongLine() {
	long := strings.Repeat("0123456789", 5000) // over the 16 KiB that the engine keeps in one piece
	s.service("job", "cat /long; echo; echo end", nil)
	c := s.create("job")
	s.must(s.CopyTo(s.Context(), c, []engine.FileContent{{Path: "/long", Content: []byte(long), Mode: 0o644}}))
	stream := s.watch()
	s.must(s.StartContainer(s.Context(), c))
	s.untilAction(stream, "die")
	var lines [][]byte
	s.must(s.Logs(s.Context(), c, engine.LogOptions{Tail: -1}, func(l engine.LogLine) error {
		lines = append(lines, bytes.Clone(l.Text))
		return nil
	}))
	if len(lines) != 2 || string(lines[0]) != long || string(lines[1]) != "end" {
		var sizes []string
		for _, l := range lines {
			sizes = append(sizes, fmt.Sprint(len(l)))
		}
		s.Errorf("lines of %s bytes, want one of %d and the end", strings.Join(sizes, ", "), len(long))
	}
}

func (s *stage) testNoLog() {
	c := s.up("web", obedient, func(c *types.ServiceConfig) { c.Logging = &types.LoggingConfig{Driver: "none"} })
	for _, follow := range []bool{false, true} {
		err := s.Logs(s.Context(), c, engine.LogOptions{Tail: -1, Follow: follow}, func(engine.LogLine) error { return nil })
		if !errors.Is(err, engine.ErrUnsupported) {
			s.Errorf("logs (follow %v): %v, want ErrUnsupported", follow, err)
		}
	}
}

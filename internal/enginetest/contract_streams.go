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
		{"what happens after Watch returned is delivered", (*harness).testWatch, containers | events},
		{"a stream ends with its context", (*harness).testWatchEnds, events},
		{"other projects' events stay away", (*harness).testWatchProject, containers | events},
		{"logs keep order, streams and an unfinished line", (*harness).testLogs, containers | events | inside},
		{"logs can be cut", (*harness).testLogSelection, containers | events},
		{"following ends with the container", (*harness).testFollow, containers},
		{"following ends with the caller", (*harness).testFollowCanceled, containers},
		{"an error of the reader ends the logs", (*harness).testLogError, containers | events},
		{"long lines arrive whole", (*harness).testLongLine, containers | events | inside},
		{"what is not logged cannot be read", (*harness).testNoLog, containers},
	}
}

func (h *harness) testWatch() {
	h.service("web", obedient, nil)
	stream := h.watch()
	c := h.create("web")
	h.must(h.StartContainer(h.Context(), c))
	h.must(h.PauseContainer(h.Context(), c))
	h.must(h.UnpauseContainer(h.Context(), c))
	_, actions := h.untilAction(stream, "unpause")
	h.equal("events", actions, []string{"create", "start", "pause", "unpause"})
	h.must(stream.Close())
	if _, err := stream.Next(h.Context()); err == nil {
		h.Error("next after close = nil, want an error")
	}
}

func (h *harness) testWatchEnds() {
	cause := errors.New("the test is over")
	ctx, cancel := context.WithCancelCause(h.Context())
	stream, err := h.Watch(ctx, h.name)
	h.must(err)
	defer stream.Close()
	cancel(cause)
	if _, err := stream.Next(h.Context()); err == nil {
		h.Error("next = nil although the stream's context ended")
	}
	another := h.watch()
	short, stop := context.WithTimeout(h.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := another.Next(short); !errors.Is(err, context.DeadlineExceeded) { // of the other's project nothing is to be told
		h.Errorf("next = %v, want its own context's end", err)
	}
}

func (h *harness) testWatchProject() {
	stream, err := h.Watch(h.Context(), h.name+"x")
	h.must(err)
	defer stream.Close()
	c := h.up("web", "exit 0", nil)
	h.must(h.RemoveContainer(h.Context(), c, false))
	// An event of its own project comes after those that should stay away.
	h.name, h.compose.Name = h.name+"x", h.name+"x"
	h.Cleanup(h.sweep)
	h.up("own", "exit 0", nil)
	if ev, err := stream.Next(h.Context()); err != nil || ev.Service != "own" {
		h.Errorf("got event %s of %s, %v; want the own container's", ev.Action, ev.Container.Name, err)
	}
}

// turn lets a script wait until the file is there.
func turn(file string) string { return "until test -f " + file + "; do sleep 0.02; done; " }

func (h *harness) testLogs() {
	stream := h.watch()
	c := h.up("job", "echo one; echo two; "+turn("/a")+"echo oops >&2; "+turn("/b")+"printf three", nil)
	// An engine reads the two streams side by side: only what it has is before
	// what comes.
	for i, file := range []string{"/a", "/b"} {
		h.awaits("the lines so far", func() bool { return len(h.logs(c, engine.LogOptions{Tail: -1})) == 2+i })
		h.exec(c, "touch "+file)
	}
	h.untilAction(stream, "die")
	h.equal("lines", h.logs(c, engine.LogOptions{Tail: -1}), []string{"one", "two", "stderr: oops", "three (partial)"})
	h.equal("followed lines", h.logs(c, engine.LogOptions{Tail: -1, Follow: true}), []string{"one", "two", "stderr: oops", "three (partial)"})
}

func (h *harness) testLogSelection() {
	before, stream := time.Now(), h.watch()
	c := h.up("job", "echo one; echo two; echo three", nil)
	h.untilAction(stream, "die")
	h.equal("last two lines", h.logs(c, engine.LogOptions{Tail: 2}), []string{"two", "three"})
	h.equal("no lines", h.logs(c, engine.LogOptions{Tail: 0}), nil)
	h.equal("lines since an hour ago", h.logs(c, engine.LogOptions{Tail: -1, Since: "1h"}), []string{"one", "two", "three"})
	h.equal("lines since tomorrow", h.logs(c, engine.LogOptions{Tail: -1, Since: time.Now().Add(24 * time.Hour).Format(time.RFC3339)}), nil)
	h.equal("lines until long ago", h.logs(c, engine.LogOptions{Tail: -1, Until: "1000"}), nil)
	h.must(h.Logs(h.Context(), c, engine.LogOptions{Tail: 1, Timestamps: true}, func(l engine.LogLine) error {
		if string(l.Text) != "three" || l.Time.Before(before.Add(-skew)) || l.Time.After(time.Now().Add(skew)) {
			h.Errorf("line %q at %s, want three since %s", l.Text, l.Time, before)
		}
		return nil
	}))
}

func (h *harness) testFollow() {
	c := h.up("job", "echo one; sleep 0.3; echo two; sleep 0.3; echo three; sleep 0.3; printf end", nil)
	h.equal("lines", h.logs(c, engine.LogOptions{Tail: -1, Follow: true}), []string{"one", "two", "three", "end (partial)"})
	if got := h.inspect(c).State; got != engine.Exited {
		h.Errorf("state = %s when following ended, want exited", got)
	}
}

func (h *harness) testFollowCanceled() {
	c := h.up("web", "echo one; "+obedient, nil)
	ctx, cancel := h.fx.Patience.Context(h.Context())
	defer cancel()
	err := h.Logs(ctx, c, engine.LogOptions{Tail: -1, Follow: true}, func(engine.LogLine) error {
		cancel()
		return nil
	})
	if err == nil {
		h.Error("logs = nil although the caller went away")
	}
}

func (h *harness) testLogError() {
	stream := h.watch()
	c := h.up("job", "echo one; echo two", nil)
	h.untilAction(stream, "die")
	full, calls := errors.New("disk full"), 0
	err := h.Logs(h.Context(), c, engine.LogOptions{Tail: -1}, func(engine.LogLine) error {
		calls++
		return full
	})
	if !errors.Is(err, full) || calls != 1 {
		h.Errorf("logs = %v after %d lines, want %v after 1", err, calls, full)
	}
}

func (h *harness) testLongLine() {
	long := strings.Repeat("0123456789", 5000) // over the 16 KiB that the engine keeps in one piece
	h.service("job", "cat /long; echo; echo end", nil)
	c := h.create("job")
	h.must(h.CopyTo(h.Context(), c, []engine.FileContent{{Path: "/long", Content: []byte(long), Mode: 0o644}}))
	stream := h.watch()
	h.must(h.StartContainer(h.Context(), c))
	h.untilAction(stream, "die")
	var lines [][]byte
	h.must(h.Logs(h.Context(), c, engine.LogOptions{Tail: -1}, func(l engine.LogLine) error {
		lines = append(lines, bytes.Clone(l.Text))
		return nil
	}))
	if len(lines) != 2 || string(lines[0]) != long || string(lines[1]) != "end" {
		var sizes []string
		for _, l := range lines {
			sizes = append(sizes, fmt.Sprint(len(l)))
		}
		h.Errorf("lines of %s bytes, want one of %d and the end", strings.Join(sizes, ", "), len(long))
	}
}

func (h *harness) testNoLog() {
	c := h.up("web", obedient, func(c *types.ServiceConfig) { c.Logging = &types.LoggingConfig{Driver: "none"} })
	for _, follow := range []bool{false, true} {
		err := h.Logs(h.Context(), c, engine.LogOptions{Tail: -1, Follow: follow}, func(engine.LogLine) error { return nil })
		if !errors.Is(err, engine.ErrUnsupported) {
			h.Errorf("logs (follow %v): %v, want ErrUnsupported", follow, err)
		}
	}
}

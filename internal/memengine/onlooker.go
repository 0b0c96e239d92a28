package memengine

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// historyLimit is how many events an engine remembers.
const historyLimit = 256

// remember keeps an event for those who ask for the past. The caller holds mu.
func (e *core) remember(ev engine.Event) {
	if len(e.history) == historyLimit {
		e.history = append(e.history[:0], e.history[1:]...)
	}
	e.history = append(e.history, ev)
}

// Recall implements engine.Events.
func (e *Engine) Recall(ctx context.Context, projectName string) ([]engine.Event, error) {
	var past []engine.Event
	err := e.call(ctx, Call{Method: "Recall", Target: projectName}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		s := newStream(projectName)
		for _, ev := range e.history {
			if s.concerns(ev) && slices.Contains([]string{"kill", "die", "start", "destroy"}, ev.Action) {
				past = append(past, ev)
			}
		}
		return nil
	})
	return past, err
}

// EventsBetween implements engine.Events.
func (e *Engine) EventsBetween(ctx context.Context, projectName, since, until string) (engine.EventStream, error) {
	from, err := logTime(since)
	if err != nil {
		return nil, fmt.Errorf("watch events: since %w", err)
	}
	to, err := logTime(until)
	if err != nil {
		return nil, fmt.Errorf("watch events: until %w", err)
	}
	s := newStream(projectName)
	err = e.call(ctx, Call{Method: "EventsBetween", Target: projectName}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, ev := range e.history {
			if since == "" || ev.Time.Before(from) || until != "" && ev.Time.After(to) || !s.concerns(ev) {
				continue
			}
			s.events <- ev // there is room for the whole history
		}
		if until != "" && !to.After(time.Now()) {
			s.end(io.EOF)
			return nil
		}
		e.streams = append(e.streams, s)
		if until != "" {
			time.AfterFunc(time.Until(to), func() { s.end(io.EOF) })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.bind(ctx, s)
	return s, nil
}

// Top implements engine.Inside: a container has one process.
func (e *Engine) Top(ctx context.Context, ref engine.Ref) (titles []string, processes [][]string, err error) {
	err = e.call(ctx, Call{Method: "Top", Target: e.nameOf(ref)}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.find(ref.Key())
		if err != nil {
			return err
		}
		if !c.alive() {
			return fmt.Errorf("container %s is not running: %w", c.id, engine.ErrConflict)
		}
		titles = []string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}
		processes = [][]string{{"root", strconv.Itoa(c.pid), "1", "0", c.startedAt.Format("15:04"), "?", "00:00:00", strings.Join(c.command, " ")}}
		return nil
	})
	return titles, processes, err
}

// Stats implements engine.Inside. Every container uses the same;
// one that does not run uses nothing.
func (e *Engine) Stats(ctx context.Context, ref engine.Ref, follow bool, emit func(engine.Stats) error) error {
	return e.call(ctx, Call{Method: "Stats", Target: e.nameOf(ref)}, func() error {
		for first := true; ; first = false {
			st, err := e.measure(ref)
			if err != nil && !first {
				return nil // removed meanwhile
			}
			if err != nil {
				return err
			}
			if err := emit(st); err != nil || !follow {
				return err
			}
			select {
			case <-time.After(time.Second):
			case <-e.end:
				return errClosed
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
}

func (e *core) measure(ref engine.Ref) (engine.Stats, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(ref.Key())
	if err != nil || !c.alive() {
		return engine.Stats{}, err
	}
	return engine.Stats{Read: e.stamp(), CPUPercent: 0.5, Memory: 1 << 20, MemoryLimit: 1 << 30, PIDs: 1}, nil
}

// announced are the attributes of an event: the container's labels, and what
// else engines tell with it.
func (c *container) announced() map[string]string {
	told := map[string]string{"name": c.name, "image": c.image}
	maps.Copy(told, c.labels)
	return told
}

func (s *stream) concerns(ev engine.Event) bool {
	return s.project == "" || ev.Attributes[project.LabelProject] == s.project
}

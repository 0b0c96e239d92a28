package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// watched are the container events worth waking up for. The engine drops the
// rest: health checks and probes would otherwise fill the stream with execs.
var watched = []events.Action{
	events.ActionCreate, events.ActionStart, events.ActionRestart, events.ActionStop, events.ActionDie,
	events.ActionKill, events.ActionPause, events.ActionUnPause, events.ActionOOM, events.ActionDestroy,
	events.ActionRename, events.ActionUpdate, events.ActionHealthStatus,
}

// Watch implements engine.Events.
//
// The engine answers before it subscribes the caller, so the request asks for
// what happened since it was made too: nothing falls between. A remote engine's
// clock is known to a second only, so that events of the last second may come
// twice; they only mean "look again".
func (e *Engine) Watch(ctx context.Context, projectName string) (engine.EventStream, error) {
	f := containerEvents(projectName)
	for _, action := range watched {
		f.Add("event", string(action))
	}
	if _, err := e.connected(ctx); err != nil { // tells how far the engine's clock is off
		return nil, err
	}
	return e.openEvents(ctx, f, url.Values{"since": {unixTime(e.now())}})
}

// remembered are the events that tell how a container came to run, and what it
// was sent since.
var remembered = []events.Action{
	events.ActionKill, events.ActionDie, events.ActionStart, events.ActionDestroy,
}

// Recall implements engine.Events. The engine answers at once, since what
// is asked for is over.
func (e *Engine) Recall(ctx context.Context, projectName string) ([]engine.Event, error) {
	f := containerEvents(projectName)
	for _, action := range remembered {
		f.Add("event", string(action))
	}
	if _, err := e.connected(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recallDeadline, errSilent)
	defer cancel()
	stream, err := e.openEvents(ctx, f, url.Values{"since": {"1"}, "until": {unixTime(e.now())}})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var past []engine.Event
	for {
		ev, err := stream.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return past, nil
		case err != nil:
			return nil, err
		}
		past = append(past, ev)
	}
}

// recallDeadline bounds a look at the past, which is in the engine's memory.
const recallDeadline = 5 * time.Second

// EventsBetween implements engine.Events.
func (e *Engine) EventsBetween(ctx context.Context, projectName, since, until string) (engine.EventStream, error) {
	query := url.Values{}
	for key, text := range map[string]string{"since": since, "until": until} {
		if text == "" {
			continue
		}
		at, err := instant(text, e.now())
		if err != nil {
			return nil, fmt.Errorf("watch events: %s %q is not a time", key, text)
		}
		query.Set(key, at)
	}
	return e.openEvents(ctx, containerEvents(projectName), query)
}

func containerEvents(projectName string) filters.Args {
	f := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)))
	if projectName != "" {
		f.Add("label", project.LabelProject+"="+projectName)
	}
	return f
}

func (e *Engine) openEvents(ctx context.Context, f filters.Args, query url.Values) (engine.EventStream, error) {
	c, err := e.connected(ctx)
	if err != nil {
		return nil, err
	}
	encoded, err := filters.ToJSON(f)
	if err != nil {
		return nil, fmt.Errorf("watch events: %w", err)
	}
	query.Set("filters", encoded)
	streamCtx, cancel := context.WithCancelCause(ctx)
	resp, err := e.subscribe(streamCtx, cancel, versioned(c, "/events"), query)
	if err != nil {
		cancel(nil)
		return nil, e.fail(streamCtx, "watch events", err)
	}
	s := &eventStream{engine: e, ctx: streamCtx, cancel: cancel, events: make(chan engine.Event), ended: make(chan struct{})}
	go s.read(resp.Body)
	return s, nil
}

// subscribe bounds the time until the engine answers, not the stream's.
func (e *Engine) subscribe(ctx context.Context, cancel context.CancelCauseFunc, p string, query url.Values) (*http.Response, error) {
	limit := time.AfterFunc(read().deadline, func() { cancel(errSilent) })
	defer limit.Stop()
	return e.send(ctx, http.MethodGet, p, query, nil, nil)
}

// eventStream hands events over one by one. Its reader ends with the response
// body, which Close and the context of Watch close.
type eventStream struct {
	engine *Engine
	ctx    context.Context // of the subscription: outlives each call of Next
	cancel context.CancelCauseFunc
	events chan engine.Event
	ended  chan struct{} // closed after err is set
	err    error
}

var errClosed = fmt.Errorf("the event stream was closed")

func (s *eventStream) read(body io.ReadCloser) {
	defer close(s.ended)
	defer body.Close()
	dec := json.NewDecoder(body)
	for {
		var m events.Message
		if err := dec.Decode(&m); err != nil {
			s.err = s.engine.fail(s.ctx, "watch events", err)
			return
		}
		select {
		case s.events <- newEvent(m):
		case <-s.ctx.Done():
			s.err = s.engine.fail(s.ctx, "watch events", s.ctx.Err())
			return
		}
	}
}

// Next implements engine.EventStream.
func (s *eventStream) Next(ctx context.Context) (engine.Event, error) {
	select {
	case ev := <-s.events:
		return ev, nil
	case <-s.ended:
		return engine.Event{}, s.err
	case <-ctx.Done():
		return engine.Event{}, context.Cause(ctx)
	}
}

// Close implements engine.EventStream. It returns when the reader is gone.
func (s *eventStream) Close() error {
	s.cancel(errClosed)
	<-s.ended
	return nil
}

func newEvent(m events.Message) engine.Event {
	attributes := m.Actor.Attributes
	action, verdict, health := strings.Cut(string(m.Action), ": ")
	if health = health && action == string(events.ActionHealthStatus); !health {
		action = string(m.Action) // exec_create: COMMAND
	}
	ev := engine.Event{
		Container:  engine.Ref{ID: m.Actor.ID, Name: attributes["name"]},
		Service:    attributes[project.LabelService],
		Action:     action,
		Signal:     attributes["signal"],
		Time:       time.Unix(0, m.TimeNano),
		Attributes: attributes,
	}
	if health {
		ev.Health = engine.Health(verdict)
	}
	if code, err := strconv.Atoi(attributes["exitCode"]); err == nil {
		ev.ExitCode = code
	}
	if s, err := strconv.Atoi(attributes["execDuration"]); err == nil {
		ev.ExecTime = time.Duration(s) * time.Second
	}
	return ev
}

package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	timetypes "github.com/docker/docker/api/types/time"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// Logs implements engine.Containers. Engines that follow a log end with the
// container, wherever they are: before the last lines if the log is long or its
// reader slow, and before a last line without a newline in any case. So after
// the end of a followed log the rest is read.
func (e *Engine) Logs(ctx context.Context, c engine.Ref, opt engine.LogOptions, emit func(engine.LogLine) error) error {
	verb := doing("read logs of", c)
	d, err := e.connected(ctx)
	if err != nil {
		return err
	}
	tty, err := e.hasTerminal(ctx, d, c)
	if err != nil {
		return err
	}
	query, err := logQuery(opt, e.now())
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	path := versioned(d, "/containers/"+url.PathEscape(c.Key())+"/logs")
	read := &logReader{stamped: opt.Follow || opt.Timestamps, timed: opt.Timestamps, emit: emit}
	if tty { // whose pieces cannot be told apart: only lines bear times
		read.stamped = opt.Timestamps
	}
	began := e.now()
	err = e.readLog(ctx, path, query, tty, read)
	if err == nil && opt.Follow {
		if opt.Tail == 0 {
			query.Set("since", unixTime(began))
		}
		// The container may be gone by now, and its log with it.
		if err = e.readRest(ctx, c, path, query, tty, read); errors.Is(e.fail(ctx, verb, err), engine.ErrNotFound) {
			err = nil
		}
	}
	if stop := (*emitError)(nil); errors.As(err, &stop) {
		return stop.err
	}
	return e.fail(ctx, verb, err)
}

// readRest hands over what a followed log left out. Whether it did, the last
// two pieces tell: both streams may end so.
func (e *Engine) readRest(ctx context.Context, c engine.Ref, path string, query url.Values, tty bool, read *logReader) error {
	query.Del("follow")
	asked := query.Get("tail")
	query.Set("tail", "2")
	if !read.stamped { // pieces without times cannot be told apart
		read.again()
		return e.readLog(ctx, path, query, tty, read)
	}
	end := &logReader{stamped: true, timed: read.timed, emit: func(engine.LogLine) error { return nil }}
	if err := e.readLog(ctx, path, query, tty, end); err != nil || !read.behind(end) {
		return err
	}
	query.Set("tail", "all")
	if from := read.from(); !from.IsZero() {
		query.Set("since", unixTime(from))
	} else if asked != "0" { // else since says from when on
		query.Set("tail", asked)
	}
	if query.Get("until") == "" {
		inspected, err := e.inspect(ctx, c)
		if err != nil {
			return err
		}
		if next := betweenRuns(inspected.State); !next.IsZero() {
			query.Set("until", unixTime(next))
		}
	}
	read.again()
	return e.readLog(ctx, path, query, tty, read)
}

// betweenRuns is when the last run of a container that runs again was over and
// the present one had not begun: the output of a run is written down a little
// after its end, and a start is noted a little after it.
func betweenRuns(s *container.State) time.Time {
	if s == nil || !s.Running {
		return time.Time{}
	}
	finished, started := parseTime(s.FinishedAt), parseTime(s.StartedAt)
	if finished.IsZero() || started.Before(finished) {
		return time.Time{}
	}
	return finished.Add(started.Sub(finished) / 2)
}

// hasTerminal reports whether a container's output is unframed. Engines from
// API 1.42 say so in the answer that brings the output.
func (e *Engine) hasTerminal(ctx context.Context, d *client.Client, c engine.Ref) (bool, error) {
	if !versions.LessThan(d.ClientVersion(), "1.42") {
		return false, nil
	}
	inspected, err := e.inspect(ctx, c)
	if err != nil {
		return false, err
	}
	return inspected.Config != nil && inspected.Config.Tty, nil
}

func (e *Engine) readLog(ctx context.Context, path string, query url.Values, tty bool, to *logReader) error {
	if to.stamped {
		query.Set("timestamps", "1")
	} else {
		query.Del("timestamps")
	}
	by := e.raw
	if query.Get("follow") == "" && !to.rest {
		by = e.bulk
	}
	resp, err := e.sendBy(ctx, by, http.MethodGet, path, query, nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if tty || resp.Header.Get("Content-Type") == "application/vnd.docker.raw-stream" && !versions.LessThan(e.client.ClientVersion(), "1.42") {
		return to.raw(resp.Body)
	}
	if by == e.bulk {
		return to.framed(&paced{r: resp.Body})
	}
	return to.framed(resp.Body)
}

func logQuery(opt engine.LogOptions, now time.Time) (url.Values, error) {
	query := url.Values{"stdout": {"1"}, "stderr": {"1"}, "tail": {"all"}}
	if opt.Tail >= 0 {
		query.Set("tail", strconv.Itoa(opt.Tail))
	}
	if opt.Follow {
		query.Set("follow", "1")
	}
	for _, bound := range []struct{ name, value string }{{"since", opt.Since}, {"until", opt.Until}} {
		if bound.value == "" {
			continue
		}
		at, err := instant(bound.value, now)
		if err != nil {
			return nil, fmt.Errorf("%s %q is neither a time nor a duration: %w", bound.name, bound.value, err)
		}
		query.Set(bound.name, at)
	}
	return query, nil
}

// instant reads a time, or a duration before now, as engines take it in queries.
// Durations count to the nanosecond.
func instant(text string, now time.Time) (string, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return unixTime(now.Add(-d)), nil
	}
	return timetypes.GetTimestamp(text, now)
}

// Instant is what logs and events take for a time: RFC 3339 with or without zone
// and time of day, Unix seconds, or a duration before now.
func Instant(text string, now time.Time) (time.Time, error) {
	at, err := instant(text, now)
	if err != nil {
		return time.Time{}, err
	}
	seconds, nanoseconds, err := timetypes.ParseTimestamps(at, 0)
	return time.Unix(seconds, nanoseconds), err
}

// unixTime is a time as engines take it in queries.
func unixTime(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

package docker

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/engine"
)

// logged is a piece that an engine wrote down, at a number of nanoseconds.
type logged struct {
	stream byte
	at     int
	text   string
}

var logEpoch = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

// endsEarly serves a log as engines do. Followed, it ends after some pieces,
// wherever the container's end found it.
type endsEarly struct {
	log   []logged
	ends  int
	tty   bool
	reads []string // tails asked for after that
}

func (e *endsEarly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, log := r.URL.Query(), e.log
	if n, err := strconv.Atoi(q.Get("tail")); err == nil {
		log = log[max(0, len(log)-n):]
	}
	bound := func(name string) (ns int, set bool) {
		at, err := Instant(q.Get(name), time.Time{})
		return int(at.Sub(logEpoch)), q.Get(name) != "" && err == nil
	}
	since, from := bound("since")
	until, to := bound("until")
	log = slices.DeleteFunc(slices.Clone(log), func(l logged) bool { return from && l.at < since || to && l.at > until })
	if q.Get("follow") == "1" {
		log = log[:e.ends]
	} else {
		e.reads = append(e.reads, q.Get("tail"))
	}
	for _, l := range log {
		text := logEpoch.Add(time.Duration(l.at)).Format(stampLayout) + " " + l.text
		if !e.tty {
			text = frame(l.stream, text)
		}
		_, _ = io.WriteString(w, text)
	}
}

// TestFollowedLogIsWhole: an engine that follows a log ends with the container
// and not with the log. What it left out is read, each line once, and nothing of
// a run that began meanwhile.
func TestFollowedLogIsWhole(t *testing.T) {
	lines := func(n int) (log []logged) {
		for i := range n {
			log = append(log, logged{1, i, fmt.Sprintf("line %d\n", i)})
		}
		return log
	}
	texts := func(from, n int) (all []string) {
		for i := from; i < n; i++ {
			all = append(all, fmt.Sprintf("line %d", i))
		}
		return all
	}
	after := func(ns int) string { return logEpoch.Add(time.Duration(ns)).Format(time.RFC3339Nano) }
	for _, tc := range []struct {
		name  string
		log   []logged
		ends  int
		tty   bool
		again bool // it is running when the followed log has ended: since 300, after an end at 100
		since string
		tail  int
		want  []string
		reads []string
	}{
		{name: "nothing left out", log: lines(20), ends: 20, tail: -1, want: texts(0, 20), reads: []string{"2"}},
		{name: "most left out", log: lines(2000), ends: 3, tail: -1, want: texts(0, 2000), reads: []string{"2", "all"}},
		{name: "everything left out", log: lines(200), tail: -1, since: after(150), want: texts(150, 200), reads: []string{"2", "all"}},
		{name: "the last line left out", log: lines(20), ends: 19, tail: -1, want: texts(0, 20), reads: []string{"2", "all"}},
		{name: "after an earlier run", log: lines(200), ends: 2, tail: -1, since: after(150), want: texts(150, 200), reads: []string{"2", "all"}},
		{name: "after the last lines", log: lines(200), ends: 4, tail: 5, want: texts(195, 200), reads: []string{"2", "all"}},
		{name: "none of the last lines came", log: lines(200), tail: 5, want: texts(195, 200), reads: []string{"2", "5"}},
		{name: "of both streams", log: []logged{{1, 1, "a\n"}, {2, 3, "b\n"}, {1, 2, "c\n"}, {2, 4, "d\n"}, {1, 5, "e\n"}}, ends: 2, tail: -1, want: []string{"a", "err b", "c", "err d", "e"}, reads: []string{"2", "all"}},
		{name: "of one time", log: []logged{{1, 1, "a\n"}, {1, 1, "b\n"}, {1, 1, "see\n"}, {1, 1, "d, e\n"}}, ends: 2, tail: -1, want: []string{"a", "b", "see", "d, e"}, reads: []string{"2", "all"}},
		{name: "within a long line", log: []logged{{1, 1, "a\n"}, {1, 2, aPiece}, {1, 2, aPiece}, {1, 2, "end\n"}, {1, 3, "b\n"}}, ends: 2, tail: -1, want: []string{"a", aPiece + "…", aPiece + "end", "b"}, reads: []string{"2", "all"}},
		{name: "a last line without newline", log: []logged{{1, 1, "a\n"}, {1, 2, "b"}}, ends: 1, tail: -1, want: []string{"a", "b…"}, reads: []string{"2", "all"}},
		{name: "started again", log: append(lines(20), logged{1, 301, "next\n"}, logged{1, 302, "next\n"}), ends: 3, again: true, tail: -1, want: texts(0, 20), reads: []string{"2", "all"}},
		{name: "of a terminal", log: lines(200), ends: 3, tty: true, tail: -1, want: texts(0, 200), reads: []string{"2", "all"}},
		{name: "all of a terminal", log: lines(200), tty: true, tail: -1, want: texts(0, 200), reads: []string{"2", "all"}},
		{name: "a terminal's, nothing left out", log: lines(20), ends: 20, tty: true, tail: -1, want: texts(0, 20), reads: []string{"2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := &endsEarly{log: tc.log, ends: tc.ends, tty: tc.tty}
			state := map[string]any{"Running": tc.again, "StartedAt": after(0), "FinishedAt": after(100)}
			if tc.again {
				state["StartedAt"] = after(300)
			}
			e := engineOf(t, map[string]http.HandlerFunc{
				"GET /containers/c/logs": log.ServeHTTP,
				"GET /containers/c/json": func(w http.ResponseWriter, _ *http.Request) {
					answer(w, http.StatusOK, map[string]any{"Id": "c", "State": state, "Config": map[string]any{"Tty": tc.tty}})
				},
			})
			var got []string
			opt := engine.LogOptions{Follow: true, Tail: tc.tail, Since: tc.since, Timestamps: true}
			err := e.Logs(t.Context(), engine.Ref{ID: "c"}, opt, func(l engine.LogLine) error {
				l.Time = time.Time{}
				got = append(got, shown(l))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("lines:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
			if !slices.Equal(log.reads, tc.reads) {
				t.Errorf("read again: %q, want %q", log.reads, tc.reads)
			}
		})
	}
}

// TestLogOfContainerBeingRemoved: the rest of a followed log of a container that is
// just being removed is gone with it; one that is asked for by itself is not found.
func TestLogOfContainerBeingRemoved(t *testing.T) {
	e := engineOf(t, map[string]http.HandlerFunc{
		"GET /containers/c/logs": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("follow") == "1" {
				_, _ = io.WriteString(w, frame(1, logEpoch.Format(stampLayout)+" last words\n"))
				return
			}
			answer(w, http.StatusConflict, map[string]string{"message": "can not get logs from container which is dead or marked for removal"})
		},
		"GET /containers/c/json": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, map[string]any{"Id": "c", "State": map[string]any{}, "Config": map[string]any{}})
		},
	})
	var got []string
	note := func(l engine.LogLine) error {
		got = append(got, string(l.Text))
		return nil
	}
	err := e.Logs(t.Context(), engine.Ref{ID: "c"}, engine.LogOptions{Follow: true, Tail: -1, Timestamps: true}, note)
	if err != nil || !slices.Equal(got, []string{"last words"}) {
		t.Errorf("followed: %q, %v", got, err)
	}
	if err := e.Logs(t.Context(), engine.Ref{ID: "c"}, engine.LogOptions{Tail: -1}, note); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("read: %v, want that it is not found", err)
	}
}

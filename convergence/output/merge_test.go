package output

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/engine"
)

// said is an engine of which only the logs are asked for. An error comes after
// the lines.
type said struct {
	lines map[string][]engine.LogLine
	fails map[string]error
}

func (s said) Logs(_ context.Context, c engine.Ref, _ engine.LogOptions, emit func(engine.LogLine) error) error {
	var buf []byte // is used again, as the engine's is
	for _, l := range s.lines[c.ID] {
		buf = append(buf[:0], l.Text...)
		l.Text = buf
		if err := emit(l); err != nil {
			return err
		}
	}
	return s.fails[c.ID]
}

func named(ids ...string) (cs []engine.Container) {
	for _, id := range ids {
		cs = append(cs, engine.Container{Ref: engine.Ref{ID: id}})
	}
	return cs
}

// TestMergedLogsLoseNothing merges random logs: each keeps its own order, and
// all together are in the order of time unless a log goes back in time.
func TestMergedLogsLoseNothing(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		backwards := seed%4 == 0
		e := said{lines: map[string][]engine.LogLine{}}
		var ids []string
		total := 0
		for i := range r.IntN(6) {
			id := fmt.Sprint("c", i)
			ids = append(ids, id)
			at := time.Unix(0, 0)
			for n := range r.IntN(3000) {
				at = at.Add(time.Duration(r.IntN(3)))
				if backwards && r.IntN(10) == 0 {
					at = at.Add(-time.Second)
				}
				text := fmt.Appendf(nil, "%s %d %s", id, n, strings.Repeat("x", r.IntN(200)))
				e.lines[id] = append(e.lines[id], engine.LogLine{Time: at, Text: text})
				total++
			}
		}
		got, whole := map[string][][]byte{}, []engine.LogLine{}
		cs := named(ids...)
		unread, err := Merge(t.Context(), e, cs, engine.LogOptions{}, func(i int, l engine.LogLine) error {
			l.Text = bytes.Clone(l.Text)
			got[cs[i].ID] = append(got[cs[i].ID], l.Text)
			whole = append(whole, l)
			return nil
		})
		if err != nil || len(unread) > 0 {
			t.Fatalf("seed %d: %v, %v", seed, unread, err)
		}
		for id, lines := range e.lines {
			same := slices.EqualFunc(lines, got[id], func(l engine.LogLine, text []byte) bool { return bytes.Equal(l.Text, text) })
			if !same {
				t.Fatalf("seed %d: %s has other lines than it said, or in another order", seed, id)
			}
		}
		sorted := slices.IsSortedFunc(whole, func(a, b engine.LogLine) int {
			return cmp.Or(a.Time.Compare(b.Time), bytes.Compare(a.Text[:2], b.Text[:2]))
		})
		if len(whole) != total || !backwards && !sorted {
			t.Fatalf("seed %d: %d lines of %d, in the order of time: %v", seed, len(whole), total, sorted)
		}
	}
}

func TestMergedLogsThatFail(t *testing.T) {
	line := func(n int) engine.LogLine {
		return engine.LogLine{Time: time.Unix(int64(n), 0), Text: fmt.Append(nil, n)}
	}
	many := make([]engine.LogLine, 200_000) // more than is read ahead
	for i := range many {
		many[i] = line(i)
	}
	none, broken, full := fmt.Errorf("no driver: %w", engine.ErrUnsupported), errors.New("broken"), errors.New("disk full")
	for _, tc := range []struct {
		name   string
		fails  error
		emit   error
		unread []error
		err    error
		lines  int
	}{
		{"all is well", nil, nil, nil, nil, 200_001},
		{"one is not logged", none, nil, []error{none}, nil, 200_001},
		{"one breaks off", broken, nil, nil, broken, -1},
		{"the reader is gone", nil, full, nil, full, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
				e := said{
					lines: map[string][]engine.LogLine{"a": many, "b": {line(7)}},
					fails: map[string]error{"b": tc.fails},
				}
				lines := 0
				unread, err := Merge(t.Context(), e, named("a", "b"), engine.LogOptions{}, func(int, engine.LogLine) error {
					lines++
					return tc.emit
				})
				if !errors.Is(err, tc.err) || !slices.Equal(unread, tc.unread) || tc.lines >= 0 && lines != tc.lines {
					t.Errorf("%d lines, unread %v, error %v; want %d, %v, %v", lines, unread, err, tc.lines, tc.unread, tc.err)
				}
			})
		})
	}
}

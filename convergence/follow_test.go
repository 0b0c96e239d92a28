package convergence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
)

// heard collects what Follow emits as text.
type heard struct {
	lines []string
	err   error // of emit
}

func (h *heard) emit(o output.Output) error {
	switch {
	case o.Exit != nil:
		text := fmt.Sprintf("%s exited with code %d", o.Container.Name, o.Exit.Code)
		if o.Exit.Restarting {
			text += " (restarting)"
		}
		h.lines = append(h.lines, text)
	case o.Note != "":
		h.lines = append(h.lines, o.Note)
	default:
		h.lines = append(h.lines, o.Container.Name+" | "+string(o.Line.Text))
	}
	return h.err
}

func (h *heard) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(h.lines, want) {
		t.Errorf("heard:\n  %s\nwant:\n  %s", strings.Join(h.lines, "\n  "), strings.Join(want, "\n  "))
	}
}

// follow runs Follow and returns what it returned.
func (s *harness) follow(ctx context.Context, h *heard, opt output.FollowOptions) <-chan error {
	opt.Project = "p"
	standing := make(chan struct{})
	opt.Standing = func() { close(standing) }
	done := make(chan error, 1)
	go func() { done <- output.Follow(ctx, s.Engine, opt, h.emit) }()
	<-standing
	return done
}

func says(texts ...string) []memengine.Output {
	var out []memengine.Output
	for i, text := range texts {
		out = append(out, memengine.Output{After: time.Duration(i) * time.Second, Text: text})
	}
	return out
}

func TestFollowFromTheStartToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a", restarts("on-failure")), service("quiet"))
		s.Program("a", memengine.Program{
			Logs: says("one", "two"), ExitAfter: 2 * time.Second, ExitCode: 1,
			Then: &memengine.Program{Logs: says("three"), ExitAfter: time.Nanosecond},
		})
		s.Program("quiet", memengine.Program{Logs: says("hush"), ExitAfter: time.Second})
		hold, h := make(chan struct{}), &heard{}
		done := s.follow(t.Context(), h, output.FollowOptions{
			KeepOpen: hold, Select: func(c engine.Container) bool { return c.Service == "a" },
		})
		time.Sleep(time.Minute) // nobody runs yet, but KeepOpen keeps it
		if err := s.apply(t.Context(), slices.Concat(s.planUp("a"), s.planUp("quiet"))...); err != nil {
			t.Fatal(err)
		}
		close(hold)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		h.want(t, "p-a-1 | one", "p-a-1 | two", "p-a-1 exited with code 1 (restarting)", "p-a-1 | three", "p-a-1 exited with code 0")
	})
}

func TestFollowStartsWithTheNewRunOfAnOldContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"), service("b"))
		s.Program("a", memengine.Program{Logs: says("old"), ExitAfter: time.Second, Then: &memengine.Program{Logs: says("new"), ExitAfter: time.Minute}})
		s.Program("b", memengine.Program{Logs: says("before", "", "", "after"), ExitAfter: time.Minute})
		if err := s.apply(t.Context(), slices.Concat(s.planUp("a"), s.planUp("b"))...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		hold, h := make(chan struct{}), &heard{}
		done := s.follow(t.Context(), h, output.FollowOptions{KeepOpen: hold})
		if err := s.apply(t.Context(), start("a")); err != nil {
			t.Fatal(err)
		}
		close(hold)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		h.want(t, "p-a-1 | new", "p-b-1 | after", "p-b-1 exited with code 0", "p-a-1 exited with code 0")
	})
}

// lateEvents is an engine whose events are told a while after they happened.
type lateEvents struct{ *memengine.Engine }

func (l lateEvents) Watch(ctx context.Context, project string) (engine.EventStream, error) {
	stream, err := l.Engine.Watch(ctx, project)
	return lateStream{stream}, err
}

type lateStream struct{ engine.EventStream }

func (l lateStream) Next(ctx context.Context) (engine.Event, error) {
	ev, err := l.EventStream.Next(ctx)
	time.Sleep(time.Minute)
	return ev, err
}

// TestFollowHearsOfAShortRunLate: a run that is over before anything is told of it is
// followed all the same, also one of a container that was there and down before.
func TestFollowHearsOfAShortRunLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"), service("b"))
		short := memengine.Program{Logs: says("new"), ExitAfter: time.Nanosecond}
		s.Program("a", memengine.Program{Logs: says("old"), ExitAfter: time.Nanosecond, Then: &short})
		s.Program("b", short)
		if err := s.apply(t.Context(), s.planUp("a")...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for i, does := range []func() error{
			func() error { return s.apply(t.Context(), start("a")) },
			func() error { return s.apply(t.Context(), s.planUp("b")...) },
		} {
			hold, standing, done, h := make(chan struct{}), make(chan struct{}), make(chan error, 1), &heard{}
			opt := output.FollowOptions{Project: "p", KeepOpen: hold, Standing: func() { close(standing) }}
			go func() { done <- output.Follow(t.Context(), lateEvents{s.Engine}, opt, h.emit) }()
			<-standing
			if err := does(); err != nil {
				t.Fatal(err)
			}
			close(hold)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			name := []string{"p-a-1", "p-b-1"}[i]
			h.want(t, name+" | new", name+" exited with code 0")
		}
	})
}

// TestFollowLeavesTheLastRunAlone: what a run said last, even without a newline,
// is not taken for the beginning of the next.
func TestFollowLeavesTheLastRunAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"))
		left := func(texts ...string) []memengine.Output {
			out := says(texts...)
			out[len(out)-1].Open = true
			return out
		}
		again := memengine.Program{Logs: left("new", "left again"), ExitAfter: 3 * time.Second}
		s.Program("a", memengine.Program{Logs: left("old", "left"), ExitAfter: 2 * time.Second, Then: &again})
		if err := s.apply(t.Context(), s.planUp("a")...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		hold, h := make(chan struct{}), &heard{}
		done := s.follow(t.Context(), h, output.FollowOptions{KeepOpen: hold})
		if err := s.apply(t.Context(), start("a")); err != nil {
			t.Fatal(err)
		}
		close(hold)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		h.want(t, "p-a-1 | new", "p-a-1 | left again", "p-a-1 exited with code 0")
	})
}

func TestFollowThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"), service("b"))
		s.Program("a", memengine.Program{Logs: says("one", "two", "three"), ExitAfter: 10 * time.Second})
		s.Program("b", memengine.Program{Logs: says("gone"), ExitAfter: time.Second})
		if err := s.apply(t.Context(), slices.Concat(s.planUp("b"), s.planUp("a"))...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		h := &heard{}
		done := s.follow(t.Context(), h, output.FollowOptions{Past: &engine.LogOptions{Tail: 1}})
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		slices.Sort(h.lines[:2]) // two logs, read at the same time
		h.want(t, "p-a-1 | two", "p-b-1 | gone", "p-a-1 | three", "p-a-1 exited with code 0")
	})
}

func TestFollowSurvivesLostStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"), service("b"))
		s.Program("a", memengine.Program{Logs: says("one", "two", "three", "four"), ExitAfter: 5 * time.Second, ExitCode: 7})
		s.Program("b", memengine.Program{Logs: says("late"), ExitAfter: time.Second})
		hold, h := make(chan struct{}), &heard{}
		done := s.follow(t.Context(), h, output.FollowOptions{KeepOpen: hold})
		if err := s.apply(t.Context(), s.planUp("a")...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		s.BreakStreams()
		s.Inject(memengine.Fault{Method: "Watch", Err: errors.New("still starting")})
		if err := s.apply(t.Context(), s.planUp("b")...); err != nil { // nobody hears of it
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		s.Heal()
		close(hold)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		slices.Sort(h.lines)
		h.want(t, "p-a-1 exited with code 7", "p-a-1 | four", "p-a-1 | one", "p-a-1 | three", "p-a-1 | two", "p-b-1 exited with code 0", "p-b-1 | late")
	})
}

func TestFollowNamesASuccessorByItsFinalName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("web"))
		s.Program("web", memengine.Program{Logs: says("hello"), StopCode: 143})
		if err := s.apply(t.Context(), s.planUp("web")...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h := &heard{}
		done := s.follow(t.Context(), h, output.FollowOptions{})
		if err := s.apply(t.Context(), s.recreate("web")...); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := s.Crash("p-web-1", 3); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		slices.Sort(h.lines) // the old one's end and the new one's start come together
		h.want(t, "p-web-1 exited with code 143", "p-web-1 exited with code 3", "p-web-1 | hello")
	})
}

func TestFollowEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"))
		s.Program("a", memengine.Program{Logs: says("one", "two")})
		h := &heard{err: errors.New("broken pipe")}
		hold := make(chan struct{})
		done := s.follow(t.Context(), h, output.FollowOptions{KeepOpen: hold})
		if err := s.apply(t.Context(), s.planUp("a")...); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, h.err) {
			t.Errorf("error = %v, want that of emit", err)
		}
		h.want(t, "p-a-1 | one")
		if n := s.Streams(); n != 0 {
			t.Errorf("%d event streams are left", n)
		}
	})
}

func TestFollowGivesUpOnAnEngineThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"))
		h := &heard{}
		done := s.follow(t.Context(), h, output.FollowOptions{KeepOpen: make(chan struct{})})
		s.Inject(memengine.Fault{Method: "Watch", Err: fmt.Errorf("dial: %w", engine.ErrUnreachable)})
		s.BreakStreams()
		began := time.Now()
		err := <-done
		if !errors.Is(err, engine.ErrUnreachable) {
			t.Errorf("error = %v, want ErrUnreachable", err)
		}
		if took := time.Since(began); took < 25*time.Second || took > 40*time.Second {
			t.Errorf("gave up after %s", took)
		}
	})
}

// TestFollowOutlivesARestart: a restart asked of the engine is a stop and a start,
// and in between nobody runs.
func TestFollowOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"))
		s.Program("a", memengine.Program{Logs: says("one"), Then: &memengine.Program{Logs: says("two")}})
		if err := s.apply(t.Context(), s.planUp("a")...); err != nil {
			t.Fatal(err)
		}
		h, a := &heard{}, engine.Ref{Name: name("a")}
		done := s.follow(t.Context(), h, output.FollowOptions{})
		time.Sleep(time.Second)
		if err := s.ByHand().StopContainer(t.Context(), a, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		if err := s.ByHand().StartContainer(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := s.ByHand().StopContainer(t.Context(), a, nil); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		h.want(t, "p-a-1 exited with code 0", "p-a-1 | two", "p-a-1 exited with code 0")
	})
}

// TestFollowWaitsForNobodyWhomItsCallerStops: others may start again what they
// stopped, the caller knows that it does not.
func TestFollowWaitsForNobodyWhomItsCallerStops(t *testing.T) {
	for _, tc := range []struct {
		name     string
		byCaller bool
		waits    time.Duration
	}{{"others stop", false, 2 * time.Second}, {"the caller stops", true, 0}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHarness(t, service("a"))
				s.Program("a", memengine.Program{Logs: says("one"), Then: &memengine.Program{Logs: says("two")}})
				hold, h := make(chan struct{}), &heard{}
				var final atomic.Bool
				done := s.follow(t.Context(), h, output.FollowOptions{KeepOpen: hold, Final: final.Load})
				if err := s.apply(t.Context(), s.planUp("a")...); err != nil {
					t.Fatal(err)
				}
				close(hold)
				time.Sleep(time.Minute)
				a := engine.Ref{Name: name("a")}
				if err := s.ByHand().RestartContainer(t.Context(), a, nil); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				final.Store(tc.byCaller)
				began := time.Now()
				if err := s.ByHand().StopContainer(t.Context(), a, nil); err != nil {
					t.Fatal(err)
				}
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(began); waited != tc.waits {
					t.Errorf("ends %s after the last exit, want %s", waited, tc.waits)
				}
				h.want(t, "p-a-1 | one", "p-a-1 exited with code 0 (restarting)", "p-a-1 | two", "p-a-1 exited with code 0")
			})
		})
	}
}

// TestFollowOfNothingEnds: where there is nobody to follow, and nothing happens,
// there is nothing to wait for, and nothing to ask the engine again for.
func TestFollowOfNothingEnds(t *testing.T) {
	for _, held := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newHarness(t, service("a"))
			h, opt := &heard{}, output.FollowOptions{}
			hold := make(chan struct{})
			if held {
				opt.KeepOpen = hold
			}
			done := s.follow(t.Context(), h, opt)
			close(hold)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if n := s.count("ListContainers"); n > 2 {
				t.Errorf("held: %v: %d lists of nothing", held, n)
			}
			h.want(t)
		})
	}
}

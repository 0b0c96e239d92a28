package convergence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/memengine"
)

// tracked is a harness with a running container of service a and a feed.
func tracked(t *testing.T) (*harness, *feed.Feed) {
	t.Helper()
	s := newHarness(t, service("a"), service("b"))
	if err := s.apply(t.Context(), slices.Concat(s.planUp("a"), s.planUp("b"))...); err != nil {
		t.Fatal(err)
	}
	s.ForgetCalls()
	f := feed.New(t.Context(), "p", s.Engine)
	t.Cleanup(f.Close)
	return s, f
}

// exited is met when the container has exited.
func exited(name string) func(engine.Observed) (bool, error) {
	return func(o engine.Observed) (bool, error) {
		c, _ := o.Container(name)
		return c.State == engine.Exited, nil
	}
}

func (s *harness) count(method string) int {
	n := 0
	for _, c := range s.Calls() {
		if c.Method == method {
			n++
		}
	}
	return n
}

func until(ctx context.Context, f *feed.Feed, met func(engine.Observed) (bool, error)) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f.Until(ctx, met) }()
	synctest.Wait()
	return done
}

func TestUntilIsMetWhenTheEventComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		done := until(t.Context(), f, exited("p-a-1"))
		time.Sleep(10 * time.Second)
		began := time.Now()
		if err := s.Crash("p-a-1", 1); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 10*time.Millisecond {
			t.Errorf("took %s", took)
		}
		if n := s.count("ListContainers"); n != 2 {
			t.Errorf("%d looks, want one at the beginning and one for the event", n)
		}
	})
}

func TestFeedIsLazy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		time.Sleep(time.Hour)
		if calls := s.Calls(); len(calls) > 0 {
			t.Fatalf("%d calls though nobody waits: %v", len(calls), calls[0])
		}
		if err := <-until(t.Context(), f, func(engine.Observed) (bool, error) { return true, nil }); err != nil {
			t.Fatal(err)
		}
		before := len(s.Calls())
		for range 5 {
			if err := s.ByHand().StopContainer(t.Context(), engine.Ref{Name: "p-a-1"}, nil); err != nil {
				t.Fatal(err)
			}
			if err := s.ByHand().StartContainer(t.Context(), engine.Ref{Name: "p-a-1"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if after := len(s.Calls()); after != before {
			t.Errorf("%d calls for events that nobody waits for", after-before)
		}
	})
}

func TestUntilSeesWhatHappensAfterTheCallOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		// A look that is under way when the second wait begins is too old for it.
		release := make(chan struct{})
		s.Inject(memengine.Fault{Method: "ListContainers", Nth: 1, BlockUntil: release})
		first := until(t.Context(), f, exited("p-a-1"))
		looks := 0
		second := until(t.Context(), f, func(o engine.Observed) (bool, error) {
			looks = s.count("ListContainers")
			return true, nil
		})
		close(release)
		if err := <-second; err != nil {
			t.Fatal(err)
		}
		if looks != 2 {
			t.Errorf("the second wait was shown look %d, want 2", looks)
		}
		if err := s.Crash("p-a-1", 0); err != nil {
			t.Fatal(err)
		}
		if err := <-first; err != nil {
			t.Fatal(err)
		}
	})
}

func TestBurstsLeadToFewLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		s.Inject(memengine.Fault{Method: "ListContainers", Delay: 20 * time.Millisecond})
		done := until(t.Context(), f, exited("p-a-1"))
		for range 200 {
			s.Emit(engine.Event{Action: "exec_start", Attributes: map[string]string{"com.docker.compose.project": "p"}})
			time.Sleep(100 * time.Microsecond)
		}
		if err := s.Crash("p-a-1", 0); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if n := s.count("ListContainers"); n > 4 {
			t.Errorf("200 events in 20 ms led to %d looks", n)
		}
	})
}

func TestLostStreamIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		done := until(t.Context(), f, exited("p-a-1"))
		for range 20 { // every two seconds, for longer than an engine may be away
			time.Sleep(2 * time.Second)
			s.BreakStreams()
		}
		s.Inject(memengine.Fault{Method: "Watch", Nth: 1, Err: errors.New("still starting")})
		s.BreakStreams()
		if err := s.Crash("p-a-1", 0); err != nil { // nobody is subscribed
			t.Fatal(err)
		}
		noticed(t, done)
	})
}

func TestDroppedEventsOnlyDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		done := until(t.Context(), f, exited("p-a-1"))
		s.Tamper(func(engine.Event) []engine.Event { return nil })
		if err := s.Crash("p-a-1", 0); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("noticed after %s, want at most 30s", took)
		}
	})
}

func TestUntilGivesUpOnAnEngineThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		done := until(t.Context(), f, exited("p-a-1"))
		s.Inject(memengine.Fault{Method: "Watch", Err: fmt.Errorf("dial: %w", engine.ErrUnreachable)})
		s.BreakStreams()
		began := time.Now()
		if err := <-done; !errors.Is(err, engine.ErrUnreachable) {
			t.Errorf("error = %v, want ErrUnreachable", err)
		}
		if took := time.Since(began); took < 25*time.Second || took > 40*time.Second {
			t.Errorf("gave up after %s", took)
		}
		s.Heal()
		if err := <-until(t.Context(), f, func(engine.Observed) (bool, error) { return true, nil }); err != nil {
			t.Errorf("the next wait, with the engine back: %v", err)
		}
	})
}

func TestUntilEndsWithItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, f := tracked(t)
		reason := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := until(ctx, f, exited("p-a-1"))
		cancel(reason)
		if err := <-done; !errors.Is(err, reason) {
			t.Errorf("error = %v, want the cause", err)
		}
		if err := <-until(t.Context(), f, func(engine.Observed) (bool, error) { return false, reason }); !errors.Is(err, reason) {
			t.Errorf("error = %v, want that of met", err)
		}
		done = until(t.Context(), f, exited("p-a-1"))
		f.Close()
		if err := <-done; err == nil {
			t.Error("a closed feed met a condition")
		}
	})
}

// lateEngine lists an exit only a while after it has announced it, as Docker
// 20.10 does; an inspection waits for that.
type lateEngine struct {
	*memengine.Engine
	before []engine.Container
}

func (e *lateEngine) ListContainers(ctx context.Context, f engine.ContainerFilter) ([]engine.Container, error) {
	if e.before != nil {
		return e.before, nil
	}
	return e.Engine.ListContainers(ctx, f)
}

func (e *lateEngine) InspectContainer(ctx context.Context, c engine.Ref) (engine.Inspection, error) {
	time.Sleep(300 * time.Millisecond)
	return e.Engine.InspectContainer(ctx, c)
}

func TestExitThatIsListedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := tracked(t)
		late := &lateEngine{Engine: s.Engine}
		f := feed.New(t.Context(), "p", late)
		defer f.Close()
		done := until(t.Context(), f, exited("p-a-1"))
		var err error
		if late.before, err = s.ByHand().ListContainers(t.Context(), engine.ContainerFilter{Project: "p"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Crash("p-a-1", 1); err != nil {
			t.Fatal(err)
		}
		noticed(t, done)
	})
}

// noticed waits for the end of a wait, which must come within a second of the clock
// of the bubble.
func noticed(t *testing.T, done <-chan error) {
	t.Helper()
	began := time.Now()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("noticed after %s", took)
	}
}

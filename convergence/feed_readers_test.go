package convergence_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/memengine"
)

// onlooker knows of containers what a Reader was told, and nothing else.
type onlooker struct {
	*feed.Reader
	states map[string]engine.State
	lost   bool
}

// readAll takes all that is told.
func (o *onlooker) readAll() {
	for _, n := range o.Take() {
		switch n := n.(type) {
		case feed.Snapshot:
			o.states, o.lost = map[string]engine.State{}, false
			for _, c := range n.Containers {
				o.states[c.Name] = c.State
			}
		case feed.Lost:
			o.lost = true
		case feed.Happened:
			switch n.Event.Action {
			case "start":
				o.states[n.Event.Container.Name] = engine.Running
			case "die":
				o.states[n.Event.Container.Name] = engine.Exited
			case "destroy":
				delete(o.states, n.Event.Container.Name)
			}
		}
	}
}

// TestReadersMissNothing lets containers start, end and go while streams break,
// lists are slow or fail, and readers come, ask and dawdle. In the end each knows
// what is there, though it was shown no more than it had to be: all of them cost
// one subscription at a time.
func TestReadersMissNothing(t *testing.T) {
	for seed := range uint64(500) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			s, _ := tracked(t)
			f := feed.New(t.Context(), "p", &slowList{s.Engine, time.Duration(r.IntN(3)) * 50 * time.Millisecond})
			defer f.Close()
			var readers []*onlooker
			for range r.IntN(60) {
				ref := engine.Ref{Name: []string{"p-a-1", "p-b-1"}[r.IntN(2)]}
				switch r.IntN(10) {
				case 0:
					readers = append(readers, &onlooker{Reader: f.Read(feed.ReaderOptions{Ordered: true})})
				case 1:
					s.BreakStreams()
				case 2:
					s.Inject(memengine.Fault{Method: "ListContainers", Nth: 1, Delay: time.Duration(r.IntN(100)) * time.Millisecond})
				case 3:
					s.Inject(memengine.Fault{Method: []string{"ListContainers", "Watch"}[r.IntN(2)], Nth: 1, Err: errors.New("internal error")})
				case 4, 5:
					_ = s.ByHand().StartContainer(t.Context(), ref) // it may run, or be gone
				case 6:
					_ = s.Crash(ref.Name, 1)
				case 7:
					if r.IntN(10) == 0 {
						_ = s.ByHand().RemoveContainer(t.Context(), ref, true)
					}
				case 8, 9:
					for _, o := range readers {
						[]func(){o.Look, o.CatchUp, o.readAll}[r.IntN(3)]()
					}
				}
				time.Sleep(time.Duration(r.IntN(3)) * 10 * time.Millisecond)
				for _, o := range readers {
					if r.IntN(2) == 0 {
						o.readAll()
					}
				}
			}
			s.Heal()
			time.Sleep(time.Minute)
			want := map[string]engine.State{}
			cs, err := s.ByHand().ListContainers(t.Context(), engine.ContainerFilter{Project: "p"})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cs {
				want[c.Name] = c.State
			}
			for i, o := range readers {
				if o.readAll(); o.lost || !maps.Equal(o.states, want) {
					t.Errorf("seed %d: reader %d of %d knows %v, want %v; lost: %v", seed, i, len(readers), o.states, want, o.lost)
				}
			}
			if n := s.Streams(); n > 1 {
				t.Errorf("seed %d: %d subscriptions for %d readers", seed, n, len(readers))
			}
		})
	}
}

// TestReadersShareLooks: however many want to see what an event told of, the
// engine lists once.
func TestReadersShareLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := tracked(t)
		var readers []*feed.Reader
		for range 5 {
			readers = append(readers, f.Read(feed.ReaderOptions{}))
		}
		time.Sleep(time.Second)
		s.ForgetCalls()
		if err := s.Crash("p-a-1", 1); err != nil {
			t.Fatal(err)
		}
		for _, r := range readers { // one after the other, long after
			time.Sleep(time.Second)
			r.Take()
			r.CatchUp()
			synctest.Wait()
			news := r.Take()
			if len(news) != 1 {
				t.Fatalf("told %v, want what is there", news)
			}
			seen := engine.Observed{Containers: news[0].(feed.Snapshot).Containers}
			if c, _ := seen.Container("p-a-1"); c.State != engine.Exited {
				t.Errorf("shown %s, want the exit", c.State)
			}
		}
		if n := s.count("ListContainers"); n != 1 {
			t.Errorf("%d lists for one change and five readers", n)
		}
		if n := s.count("Watch"); n != 0 {
			t.Errorf("%d more subscriptions", n)
		}
	})
}

// TestFollowEndsWithItsCause: whoever ends Follow and the feed at the same time hears
// of his own reason, whichever of the two it notices.
func TestFollowEndsWithItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"))
		why := errors.New("enough")
		for range 64 { // in which of two ends is noticed there is no order
			ctx, cancel := context.WithCancelCause(t.Context())
			shared := feed.New(t.Context(), "p", s)
			shared.Close()
			cancel(why)
			if err := output.Follow(ctx, s, output.FollowOptions{Project: "p", Feed: shared}, func(output.Output) error { return nil }); !errors.Is(err, why) {
				t.Fatalf("Follow = %v, want the cause of its end", err)
			}
		}
	})
}

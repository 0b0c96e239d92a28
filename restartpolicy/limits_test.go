package restartpolicy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/restartpolicy"
	"pgregory.net/rapid"
)

func candidates(names ...string) []restartpolicy.Candidate {
	var cs []restartpolicy.Candidate
	for _, n := range names { // "1b3" = level 1, ID b, failed at second 3
		cs = append(cs, restartpolicy.Candidate{ID: n[1:2], Level: int(n[0] - '0'), FailedAt: time.Duration(n[2]-'0') * time.Second})
	}
	return cs
}

func ids(cs []restartpolicy.Candidate) string {
	var s []string
	for _, c := range cs {
		s = append(s, c.ID)
	}
	return strings.Join(s, " ")
}

func TestBudgetOrder(t *testing.T) {
	due := candidates("2a1", "0b9", "0c3", "1d2", "0e3")
	var b restartpolicy.Budget
	granted, retry, b := b.Grant(time.Second, due)
	if ids(granted) != "c e b d" || retry != 0 || b.UnderWay() != 4 {
		t.Errorf("granted %s, retry %v, %d under way; want c e b d, 0, 4", ids(granted), retry, b.UnderWay())
	}
	if granted, _, same := b.Grant(time.Hour, due[:1]); len(granted) != 0 || same.UnderWay() != 4 {
		t.Errorf("granted %s beyond the limit", ids(granted))
	}
}

func TestBudgetRefill(t *testing.T) {
	var b restartpolicy.Budget
	_, _, b = b.Grant(time.Second, candidates("0a1", "0b1", "0c1", "0d1"))
	for range 4 {
		b = b.Done()
	}
	granted, retry, b := b.Grant(time.Second, candidates("0e1", "0f1"))
	if len(granted) != 0 || retry.Round(time.Millisecond) != 1100*time.Millisecond {
		t.Fatalf("granted %s, retry %v; want nothing until 1.1s", ids(granted), retry)
	}
	granted, retry, _ = b.Grant(retry, candidates("0e1", "0f1"))
	if ids(granted) != "e" || retry.Round(time.Millisecond) != 1200*time.Millisecond {
		t.Errorf("granted %s, retry %v; want e, then 1.2s", ids(granted), retry)
	}
	if b.Done().Done().UnderWay() != 0 {
		t.Error("Done goes below zero")
	}
}

// A hundred at once: at most four at a time, ten per second, all in the end,
// lower levels first.
func TestBudgetProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var waiting []restartpolicy.Candidate
		for i := range rapid.IntRange(1, 100).Draw(t, "containers") {
			waiting = append(waiting, restartpolicy.Candidate{ID: fmt.Sprintf("%03d", i), Level: rapid.IntRange(0, 3).Draw(t, "level")})
		}
		total := len(waiting)
		takes := time.Duration(rapid.IntRange(1, 500).Draw(t, "start takes")) * time.Millisecond
		var b restartpolicy.Budget
		var ends []time.Duration // of starts under way
		var now time.Duration
		level, started := 0, 0
		for len(waiting) > 0 {
			var granted []restartpolicy.Candidate
			var retry time.Duration
			granted, retry, b = b.Grant(now, waiting)
			for _, c := range granted {
				if c.Level < level {
					t.Fatalf("level %d after level %d", c.Level, level)
				}
				level = c.Level
				waiting = slices.DeleteFunc(waiting, func(w restartpolicy.Candidate) bool { return w.ID == c.ID })
				ends = append(ends, now+takes)
				started++
			}
			if len(ends) > restartpolicy.MaxConcurrentStarts || b.UnderWay() != len(ends) {
				t.Fatalf("%d under way, %d counted", len(ends), b.UnderWay())
			}
			if most := restartpolicy.MaxConcurrentStarts + now.Seconds()*restartpolicy.StartsPerSecond; float64(started) > most+0.01 {
				t.Fatalf("%d started within %v", started, now)
			}
			next := retry
			if len(ends) > 0 && (next == 0 || ends[0] < next) {
				next = ends[0]
			}
			if len(waiting) > 0 && next <= now {
				t.Fatalf("%d wait and nothing happens after %v", len(waiting), now)
			}
			now = next
			for len(ends) > 0 && ends[0] <= now {
				ends, b = ends[1:], b.Done()
			}
		}
		if most := time.Duration(total)*(100*time.Millisecond+takes) + time.Second; now > most {
			t.Fatalf("%d took %v", total, now)
		}
	})
}

func TestBreaker(t *testing.T) {
	second := func(n int) time.Duration { return time.Duration(n) * time.Second }
	type turn struct {
		at int
		id string // with a leading - for a turn to healthy
	}
	for _, tt := range []struct {
		name    string
		checked int
		turns   []turn
		open    bool
	}{
		{"nothing", 4, nil, false},
		{"two of two", 2, []turn{{1, "a"}, {2, "b"}}, false},
		{"three of three", 3, []turn{{1, "a"}, {2, "b"}, {3, "c"}}, true},
		{"three of six", 6, []turn{{1, "a"}, {2, "b"}, {3, "c"}}, true},
		{"three of seven", 7, []turn{{1, "a"}, {2, "b"}, {3, "c"}}, false},
		{"over too long", 3, []turn{{1, "a"}, {2, "b"}, {11, "c"}}, false},
		{"one of them thrice", 3, []turn{{1, "a"}, {2, "a"}, {3, "a"}}, false},
		{"one healed", 3, []turn{{1, "a"}, {2, "b"}, {3, "-a"}, {4, "c"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b restartpolicy.Breaker
			last := 0
			for _, turn := range tt.turns {
				last = turn.at
				if id, healthy := strings.CutPrefix(turn.id, "-"); healthy {
					b = b.Healthy(id)
				} else {
					b = b.Unhealthy(second(turn.at), turn.id, tt.checked)
				}
			}
			if b.Open(second(last)) != tt.open {
				t.Errorf("open: %v, want %v; %v", !tt.open, tt.open, b)
			}
			if b.Open(second(last)+restartpolicy.BreakerPause-1) != tt.open || b.Open(second(last)+restartpolicy.BreakerPause) {
				t.Errorf("not open for exactly the pause: %v", b.Until())
			}
		})
	}
}

// If any number of containers turn unhealthy within the window and the breaker
// opens, then none of them has been restarted: they settle for as long.
func TestBreakerOpensBeforeTheFirstRestart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 12).Draw(t, "containers")
		var times []time.Duration
		for range n {
			times = append(times, time.Duration(rapid.IntRange(0, 9999).Draw(t, "ms"))*time.Millisecond)
		}
		slices.Sort(times)
		var b restartpolicy.Breaker
		for i, now := range times {
			b = b.Unhealthy(now, fmt.Sprint(i), n)
		}
		if !b.Open(times[n-1]) {
			t.Fatalf("all of %d turned unhealthy within ten seconds, and the breaker is closed", n)
		}
		in := newScenario("always").in
		in.Options.OnUnhealthy = restartpolicy.RestartUnhealthy
		in.Container.Health.Verdict = "unhealthy"
		in.Now, in.Settle = times[0], b.Settle(n)
		if d, _ := restartpolicy.Decide(in); d.Action != restartpolicy.Restart || d.At < times[n-1] {
			t.Fatalf("%v although others turn unhealthy until %v", d, times[n-1])
		}
	})
}

func TestSettleOnlyWhereTheBreakerCanOpen(t *testing.T) {
	var b restartpolicy.Breaker
	if b.Settle(2) != 0 || b.Settle(3) != restartpolicy.BreakerWindow {
		t.Errorf("settle %v for two, %v for three", b.Settle(2), b.Settle(3))
	}
}

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		score  float64
		policy time.Duration
		want   time.Duration
	}{
		{0, 0, 100 * time.Millisecond},
		{1, 0, 100 * time.Millisecond},
		{2, 0, 200 * time.Millisecond},
		{3, 0, 400 * time.Millisecond},
		{10, 0, 51200 * time.Millisecond},
		{11, 0, time.Minute},
		{1e6, 0, time.Minute},
		{2, time.Second, time.Second},
		{99, time.Hour, time.Hour},
	} {
		if got := restartpolicy.Backoff(tt.score, tt.policy); got != tt.want {
			t.Errorf("Backoff(%v, %v) = %v, want %v", tt.score, tt.policy, got, tt.want)
		}
	}
	for count, want := range map[int]time.Duration{0: 100 * time.Millisecond, 1: 100 * time.Millisecond, 4: 800 * time.Millisecond, 99: time.Minute} {
		if got := restartpolicy.EngineDelay(count); got != want {
			t.Errorf("EngineDelay(%d) = %v, want %v", count, got, want)
		}
	}
}

// Jitter stays within its quarter, repeats for the same failure, and spreads
// different containers and failures over the whole quarter.
func TestJitter(t *testing.T) {
	const d = 60 * time.Second
	var quarters [4]int
	for i := range 400 {
		j := restartpolicy.Jitter(d, fmt.Sprintf("container%d", i%20), i/20)
		if j != restartpolicy.Jitter(d, fmt.Sprintf("container%d", i%20), i/20) {
			t.Fatal("the jitter of one failure varies")
		}
		if j < d || j > d*5/4 {
			t.Fatalf("%v became %v", d, j)
		}
		quarters[min(3, int((j-d)*16/d))]++
	}
	for _, n := range quarters {
		if n < 60 {
			t.Errorf("jitter falls into quarters %v, want about 100 each", quarters)
		}
	}
}

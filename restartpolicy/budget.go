package restartpolicy

import (
	"cmp"
	"slices"
	"time"
)

// The numbers of the budget, per engine.
const (
	// MaxConcurrentStarts is how many starts may be under way at the same time.
	MaxConcurrentStarts = 4
	// StartsPerSecond is how many starts may begin per second in the long run.
	StartsPerSecond = 10
)

// Candidate is a container whose start is due.
type Candidate struct {
	ID string
	// Level is the depth of the container's service in the dependency graph: 0 for
	// one that needs nothing.
	Level int
	// FailedAt is when the container failed, on the clock of Input.Now.
	FailedAt time.Duration
}

// Budget limits starts after a mass death, so that an engine is not given a
// hundred at once. It is a token bucket of MaxConcurrentStarts tokens, refilled at
// StartsPerSecond, that also counts the starts under way. It is a comparable
// value; the zero Budget is full and has nothing under way.
type Budget struct {
	spent    float64       // tokens missing from a full bucket as of at
	at       time.Duration // when spent was true
	underWay int
}

// Grant returns which of the candidates may start now: those of lower levels
// first, so that dependencies come first, then those that failed first, then by
// ID. For each of them Done has to be called once. If candidates are left only for
// lack of tokens, retry is when the next one comes in; else it is zero, and
// nothing changes before Done is called.
func (b Budget) Grant(now time.Duration, due []Candidate) (granted []Candidate, retry time.Duration, next Budget) {
	queue := slices.SortedFunc(slices.Values(due), func(x, y Candidate) int {
		return cmp.Or(cmp.Compare(x.Level, y.Level), cmp.Compare(x.FailedAt, y.FailedAt), cmp.Compare(x.ID, y.ID))
	})
	if now > b.at {
		b.spent = max(0, b.spent-(now-b.at).Seconds()*StartsPerSecond)
		b.at = now
	}
	n := min(len(queue), MaxConcurrentStarts-b.underWay, int(MaxConcurrentStarts-b.spent+tokenSlack))
	n = max(0, n)
	b.spent += float64(n)
	b.underWay += n
	if n < len(queue) && b.underWay < MaxConcurrentStarts {
		missing := 1 - (MaxConcurrentStarts - b.spent)
		retry = now + time.Duration(missing*float64(time.Second)/StartsPerSecond) + 1
	}
	return queue[:n], retry, b
}

// tokenSlack makes up for rounding, so that a token is there when retry says.
const tokenSlack = 1e-6

// Done returns the budget after one granted start has ended, well or not.
func (b Budget) Done() Budget {
	b.underWay = max(0, b.underWay-1)
	return b
}

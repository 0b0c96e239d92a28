package operation

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
)

// seenHealthy notes the runs that our own look found healthy while the engine
// still waits for its first probe, so that ps can say so: by container ID, when
// the run began. It is about this machine's commands only; who asks elsewhere, or
// the engine, hears the engine's verdict.
type seenHealthy struct {
	mu   sync.Mutex
	runs map[string]time.Time
}

// add notes a run.
func (n *seenHealthy) add(c engine.Ref, run time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.runs == nil {
		n.runs = map[string]time.Time{}
	}
	n.runs[c.ID] = run
}

// keep writes the new runs down beside those that are known. That they are not
// known to ps is all that goes wrong if it cannot.
func (n *seenHealthy) keep(opt lock.Options) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.runs) == 0 {
		return
	}
	all := readSeen(opt)
	for id, run := range all {
		if _, again := n.runs[id]; !again && time.Since(run) < seenAge {
			n.runs[id] = run
		}
	}
	if text, err := json.Marshal(n.runs); err == nil {
		_ = lock.Note(opt, text)
	}
}

// seenAge is how long an engine may take to its own verdict: longer ago it is not
// waited for any more.
const seenAge = 24 * time.Hour

func readSeen(opt lock.Options) map[string]time.Time {
	runs := map[string]time.Time{}
	_ = json.Unmarshal(lock.Notes(opt), &runs) // of what is no notes nothing is known
	return runs
}

// ShowSeen gives the containers whose health the engine does not know yet the one
// that we saw, as is noted at the place. Only if there are any is anything read,
// and only of those that were seen is the engine asked whether they still are in
// that run.
func ShowSeen(ctx context.Context, e engine.Containers, place lock.Options, cs []engine.Container) {
	var runs map[string]time.Time
	for i, c := range cs {
		if c.State != engine.Running || c.Health != engine.HealthStarting {
			continue
		}
		if runs == nil {
			runs = readSeen(place)
		}
		run, seen := runs[c.ID]
		if !seen {
			continue
		}
		now, err := e.InspectContainer(ctx, c.Ref)
		if err != nil || !now.StartedAt.Equal(run) || now.Health == engine.HealthNone {
			continue
		}
		health, words := now.Health, string(now.Health) // the engine may have come to its verdict since the list
		if health == engine.HealthStarting {
			health, words = engine.HealthHealthy, "healthy, by probe"
		}
		cs[i].Health = health
		cs[i].Status = strings.Replace(c.Status, "(health: starting)", "("+words+")", 1)
	}
}

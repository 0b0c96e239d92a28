package cmd

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
)

// askedStops keeps account of the stops that this machine's commands have with
// the engine, beside the lock: before each and once it is done. What a command
// that was killed or interrupted leaves in it the engine still carries out, with
// a timeout that nobody else could tell. Without a place for it only the engine's
// own memory tells of them.
type askedStops struct {
	opt   lock.Options
	clock func() time.Time

	mu   sync.Mutex
	open map[string]engine.Asked // nil before the first
	next int
}

func (s *session) askedStops(e engine.Engine, op operation) *askedStops {
	opt := s.lockOptions(e, op.target.name, op.name)
	opt.Kind = "asked"
	return &askedStops{opt: opt, clock: func() time.Time { return engineTime(e) }}
}

// earlier are those of commands before.
func (a *askedStops) earlier() []engine.Asked {
	return slices.Collect(maps.Values(a.read()))
}

func (a *askedStops) read() map[string]engine.Asked {
	open := map[string]engine.Asked{}
	_ = json.Unmarshal(lock.Notes(a.opt), &open) // of what is no account nothing is known
	return open
}

// begin writes down that the engine is going to be asked.
func (a *askedStops) begin(stop engine.Asked) (done func()) {
	stop.At = a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = a.read()
	}
	a.next++
	key := stop.At.Format(time.RFC3339Nano) + " " + strconv.Itoa(a.next)
	a.open[key] = stop
	a.write()
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.open, key)
		a.write()
	}
}

// forget drops what commands before left, once one that waited it out succeeded.
func (a *askedStops) forget(op operation, failed *error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if op.recalls && *failed == nil && (a.open != nil || len(a.read()) > 0) {
		a.open = map[string]engine.Asked{}
		a.write()
	}
}

func (a *askedStops) write() {
	var text []byte
	if len(a.open) > 0 {
		text, _ = json.Marshal(a.open) // which times and texts always allow
	}
	_ = lock.Note(a.opt, text) // see above
}

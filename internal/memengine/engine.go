package memengine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

var _ engine.Engine = (*Engine)(nil)

// Engine is an engine in memory. It is safe for concurrent use; all its parts
// share one state. Shutdown ends what still runs.
type Engine struct {
	*core
	quiet bool // calls are neither recorded nor subject to faults
}

// New is an engine without containers and images. Inside a synctest bubble it
// must be made inside the bubble.
func New() *Engine {
	return &Engine{core: &core{
		containers: map[string]*container{},
		networks:   map[string]*network{},
		volumes:    map[string]*volume{},
		images:     map[string]*Image{},
		registry:   map[string]*Image{}, nameless: map[string]*Image{},
		changed: make(chan struct{}),
		end:     make(chan struct{}),
	}}
}

// ByHand is the same engine as another user sees it: its calls take effect but
// are neither recorded nor subject to faults.
func (e *Engine) ByHand() *Engine { return &Engine{core: e.core, quiet: true} }

// core is the state and the rules. Every field is guarded by mu, which is never
// held while a caller's function runs.
type core struct {
	mu         sync.Mutex
	serial     int
	stamped    time.Time             // the last answer of stamp
	containers map[string]*container // by ID
	networks   map[string]*network   // by ID
	volumes    map[string]*volume    // by name
	images     map[string]*Image     // local, by normalised reference
	registry   map[string]*Image     // what can be pulled
	nameless   map[string]*Image     // images that lost their tag to another, by ID
	programs   []rule
	streams    []*stream
	history    []engine.Event // the last ones, in their order
	tamper     func(engine.Event) []engine.Event
	faults     []*fault
	calls      []Call
	late       sync.WaitGroup // calls that take effect after their callers left
	unreached  bool           // the engine is down
	changed    chan struct{}  // closed and replaced at every change
	closed     bool
	end        chan struct{} // closed by Shutdown
}

// Ping implements engine.Info.
func (e *Engine) Ping(context.Context) error { return e.reachable() }

// Identity implements engine.Info: an engine in memory has no address.
func (e *Engine) Identity() engine.Identity { return engine.Identity{} }

// Check implements engine.Info. What does not matter in memory is not looked at.
func (e *Engine) Check(context.Context, *project.Project) ([]engine.Finding, error) {
	return nil, e.reachable()
}

// Close implements io.Closer: there are no connections.
func (e *Engine) Close() error { return nil }

// Shutdown ends every process, timer and event stream. Calls after it fail.
func (e *Engine) Shutdown() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.closed = true
	close(e.end)
	for _, c := range e.sorted() {
		c.endProcess()
		c.stopTimers()
	}
	e.endStreams(errClosed)
	e.touch()
}

// stamp is the time of something that happens now. No two stamps are the same,
// as on a real engine, although a fake clock stands still meanwhile. The caller
// holds mu.
func (e *core) stamp() time.Time {
	now := time.Now()
	if !now.After(e.stamped) {
		now = e.stamped.Add(1)
	}
	e.stamped = now
	return now
}

// touch wakes everybody who waits for a change. The caller holds mu.
func (e *core) touch() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// newID is 64 hexadecimal digits, the same in every run.
func (e *core) newID(kind string) string {
	e.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, e.serial))
	return hex.EncodeToString(sum[:])
}

// sorted are the containers in the order they were made in.
func (e *core) sorted() []*container {
	return slices.SortedFunc(maps.Values(e.containers), func(a, b *container) int { return a.serial - b.serial })
}

// find is the container with that ID, name or unambiguous start of an ID.
func (e *core) find(key string) (*container, error) {
	if c := e.containers[key]; c != nil {
		return c, nil
	}
	var found *container
	for _, c := range e.sorted() {
		switch {
		case c.name == key:
			return c, nil
		case len(key) >= 4 && len(key) < 64 && c.id[:len(key)] == key:
			found = c
		}
	}
	if found == nil {
		return nil, fmt.Errorf("no such container: %s: %w", key, engine.ErrNotFound)
	}
	return found, nil
}

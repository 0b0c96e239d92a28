package operation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
)

// pendingCalls keeps account of what makes, stops, starts and pauses containers that this machine's
// commands have with the engine, beside the lock: before each and once it is
// answered. What a command that was killed or interrupted leaves in it the engine
// still carries out, with a timeout that nobody else could tell. Without a place
// for it only the engine's own memory tells of them.
type pendingCalls struct {
	opt   lock.Options
	clock func() time.Time

	mu   sync.Mutex
	open map[string]engine.PendingCall // nil before the first
	next int
}

func (a *attempt) pendingCalls() *pendingCalls {
	opt := a.Place(a.op.Project, a.op.Name)
	opt.Kind = "asked"
	return &pendingCalls{opt: opt, clock: func() time.Time { return a.Engine.Identity().Now() }}
}

// earlier are those of commands before.
func (a *pendingCalls) earlier() []engine.PendingCall {
	return slices.Collect(maps.Values(a.read()))
}

func (a *pendingCalls) read() map[string]engine.PendingCall {
	open := map[string]engine.PendingCall{}
	_ = json.Unmarshal(lock.Notes(a.opt), &open) // of what is no account nothing is known
	return open
}

// begin writes down that the engine is going to be asked.
func (a *pendingCalls) begin(call engine.PendingCall) (done func()) {
	call.At = a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = a.read()
	}
	a.next++
	key := call.At.Format(time.RFC3339Nano) + " " + strconv.Itoa(a.next)
	a.open[key] = call
	a.write()
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.open, key)
		a.write()
	}
}

// forget drops what commands before left, once one that waited it out succeeded.
func (a *pendingCalls) forget(op Operation, failed *error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if *failed != nil || !op.Recalls && len(op.After) == 0 {
		return
	}
	if a.open == nil {
		a.open = a.read()
	}
	n := len(a.open)
	maps.DeleteFunc(a.open, func(_ string, c engine.PendingCall) bool { return op.Recalls || op.awaits(c) })
	if len(a.open) < n {
		a.write()
	}
}

// awaitPendingCalls waits for the calls of commands before that would undo the operation,
// and reports whether there were any.
func (a *attempt) awaitPendingCalls(ctx context.Context) (bool, error) {
	if a.dry {
		return false, nil
	}
	pending := a.pendingCalls()
	calls := slices.DeleteFunc(pending.earlier(), func(c engine.PendingCall) bool { return !a.op.awaits(c) })
	if len(calls) == 0 {
		return false, nil
	}
	return true, a.op.Feed.AwaitCalls(ctx, calls, pending.clock, func(c engine.PendingCall) {
		a.Reporter.Info(fmt.Sprintf("waiting for an earlier command to finish: %s container %s", c.Verb, c.Container.Name))
	})
}

// awaits reports whether the operation begins when the call is over. One that
// is to leave containers running need not wait for what starts them, and knows
// itself what stops them; it takes leftovers away, which must be there by then.
func (op Operation) awaits(c engine.PendingCall) bool {
	return slices.Contains(op.After, c.Verb) || op.Recalls && (c.Verb == "pause" || c.Verb == "create")
}

func (a *pendingCalls) write() {
	var text []byte
	if len(a.open) > 0 {
		text, _ = json.Marshal(a.open) // which times and texts always allow
	}
	_ = lock.Note(a.opt, text) // see above
}

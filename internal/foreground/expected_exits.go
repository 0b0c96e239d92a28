package foreground

import (
	"sync"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// expectedExits are those of containers that the command's own operations stop on the way,
// to replace them, to restart them with what they depend on, or since there are too
// many: nobody ended by himself, and nothing is to be stopped for that.
type expectedExits struct {
	mu       sync.Mutex
	expected map[string]bool // by container ID
}

// expect takes note of whom a plan stops, of those who run.
func (e *expectedExits) expect(have engine.Observed, p plan.Plan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, st := range p.Steps {
		about := st.Action.About()
		if !about.Stops {
			continue
		}
		if c, known := have.Container(about.Target.Key()); known && (c.State == engine.Running || c.State == engine.Paused) {
			if e.expected == nil {
				e.expected = map[string]bool{}
			}
			e.expected[c.ID] = true
		}
	}
}

// take reports whether the end of a container is one of these. It is so once: who
// has been started since ends by himself.
func (e *expectedExits) take(c engine.Container) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	own := e.expected[c.ID]
	delete(e.expected, c.ID)
	return own
}

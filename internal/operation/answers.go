package operation

import (
	"context"
	"slices"
	"sync"

	"github.com/musterdev/muster/convergence/plan"
)

// providerAnswers are the variables that providers set, and the services that
// have others. Only when the programs have run can that be known.
type providerAnswers struct {
	mu       sync.Mutex
	provided map[string]map[string]string // by provided service
	outdated []string
}

type runProvider = func(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error)

// listen runs providers and keeps what they answer.
func (p *providerAnswers) listen(run runProvider) runProvider {
	p.provided = map[string]map[string]string{}
	return func(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error) {
		set, err := run(ctx, a, tell)
		if err == nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.provided[a.Service.Name] = set
			p.outdated = append(p.outdated, a.Outdated(set)...)
		}
		return set, err
	}
}

// services are the outdated ones, sorted, each once.
func (p *providerAnswers) services() []string {
	names := slices.Clone(p.outdated)
	slices.Sort(names)
	return slices.Compact(names)
}

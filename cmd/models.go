package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/musterdev/muster/internal/plugins"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// withModels gives the services that use language models the variables that say
// where these are. Services beyond the named ones and what they need do not
// count: nobody is asked for models that nothing of the command uses.
func withModels(ctx context.Context, env []string, p *project.Project, names []string) (*project.Project, error) {
	selected, err := p.Select(names...)
	if err != nil {
		return nil, err
	}
	for _, sv := range selected.Services {
		if len(sv.Spec.Models) == 0 {
			continue
		}
		endpoint, err := plugins.Models{Env: env, Dir: p.Dir}.Endpoint(ctx)
		if err != nil {
			e := &loader.Error{Pos: p.Positions.Of("services", sv.Name, "models"), Msg: fmt.Sprintf("service %s uses models: %v", sv.Name, err), Err: err}
			if errors.Is(err, plugins.ErrNoModels) {
				e.Hint = "install Docker Model Runner, or leave the service out"
			}
			return nil, e
		}
		return loader.WithModels(p, endpoint)
	}
	return p, nil
}

package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/loader"
)

// prepare settles what the global flags mean before a command runs. Commands
// marked "bare" do without.
func prepare(s *setup, c *cobra.Command) error {
	if _, bare := c.Annotations[bare]; bare {
		return nil
	}
	g := s.global
	if g.workdir != "" {
		if g.dir != "" {
			return fmt.Errorf("cannot specify --workdir and --project-directory at the same time: --workdir is deprecated")
		}
		g.dir = g.workdir
	}
	// A file that cannot be read is reported when the project is loaded; here
	// the process environment does.
	if env, err := loader.Environment(c.Context(), s.loaderInput()); err == nil {
		s.env.all = env
	}
	if err := s.chooseProgress(); err != nil {
		return err
	}
	for _, old := range [][2]string{{"no-ansi", "--ansi never"}, {"workdir", "--project-directory"}} {
		if c.Root().Flags().Changed(old[0]) {
			s.printer.Warn(fmt.Sprintf("--%s is deprecated: use %s", old[0], old[1]))
		}
	}
	return checkParallel(s.global, s.env, c)
}

// bare marks commands that need no environment, no project and no progress.
const bare = "bare"

func checkParallel(flags *globalFlags, env *environment, c *cobra.Command) error {
	limit := env.get("COMPOSE_PARALLEL_LIMIT")
	if limit == "" || c.Root().Flags().Changed("parallel") {
		return nil
	}
	if _, err := fmt.Sscanf(limit, "%d", &flags.parallel); err != nil {
		return fmt.Errorf("COMPOSE_PARALLEL_LIMIT must be an integer (found: %q)", limit)
	}
	return nil
}

package cmd

import (
	"context"
	"io"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/internal/operation"
)

// setup is what a run of a command is given: small parts, each of which can
// do one thing. Commands are functions over them.
type setup struct {
	app        *App
	global     *globalFlags
	env        *environment
	asPlugin   bool // called by the docker command line
	interrupts interrupts
	*console
	*finder
	*engines
	*locks

	early *operation.EarlyStart // of an operation whose project is being loaded; nil if nothing is
	// hooks shows what hooks print; nil drops it.
	hooks func(plan.RunHook) io.WriteCloser
}

func newSetup(app *App) *setup {
	s := &setup{app: app, global: &globalFlags{}, env: newEnvironment(app.Env)}
	s.console = newConsole(app, s.global, s.env)
	s.finder = newFinder(app, s.global, s.env, s.console)
	s.engines = newEngines(app, s.env, s.console)
	s.locks = newLocks(app, s.env, s.console)
	return s
}

// invoke finds out in which form the binary was called.
func invoke(ctx context.Context, s *setup, args []string) error {
	inv, err := parseInvocation(s.app.Program, args)
	if err != nil {
		return err
	}
	switch {
	case inv.metadata:
		return printMetadata(s.app)
	case inv.silent:
		return nil
	}
	s.engines.flags, s.asPlugin = inv.engine, inv.asPlugin
	return execute(ctx, s, inv.args)
}

// execute parses the arguments and runs the command that they name.
func execute(ctx context.Context, s *setup, args []string) error {
	root := rootCmd(s)
	root.SetArgs(joinValues(root, args))
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return root.ExecuteContext(ctx)
}

// close leaves the terminal as it was and drops the connection to the engine.
func (s *setup) close() {
	s.printer.End()
	s.engines.close()
}

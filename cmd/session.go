package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// session is one run of a command: the App, the global flags, and what is made
// of them.
type session struct {
	*App
	global     globalFlags
	interrupts interrupts
	asPlugin   bool    // called by the docker command line
	mode       ui.Mode // of progress
	env        map[string]string
	printer    ui.Printer
	input      *replayed       // standard input as a Compose file
	pipes      *loader.Pipes   // files of the command line that are pipes
	warned     map[string]bool // what plans have warned of already
	ahead      *ahead          // of an operation whose project is being loaded; nil if nothing is
	named      func(string)    // is told the project's name as soon as it is known; may be nil
	// hooks shows what hooks print; nil drops it.
	hooks func(plan.RunHook) io.WriteCloser

	dockerFlags docker.Options            // given in front of the command line
	unlocked    sync.Once                 // says that there is nowhere to put a lock
	held        atomic.Pointer[lock.Lock] // of operations, as it was taken last; nil is none
	makes       bool                      // containers: what their labels need may be made too
	keying      sync.Once
	key         project.Key // of digests in labels
	keyErr      error       // why there is none to keep
	connecting  sync.Once
	eng         engine.Engine
	engErr      error
}

func newSession(app *App) *session {
	s := &session{App: app, input: &replayed{from: app.In}, pipes: new(loader.Pipes), mode: ui.Plain, env: map[string]string{}, warned: map[string]bool{}}
	for _, kv := range app.Env {
		if k, v, ok := strings.Cut(kv, "="); ok {
			s.env[k] = v
		}
	}
	s.printer = ui.NewPrinter(app.Err, s.mode, ui.PrinterOptions{})
	return s
}

// invoke finds out in which form the binary was called.
func (s *session) invoke(ctx context.Context, args []string) error {
	inv, err := parseInvocation(s.Program, args)
	if err != nil {
		return err
	}
	switch {
	case inv.metadata:
		return printMetadata(s)
	case inv.silent:
		return nil
	}
	s.dockerFlags, s.asPlugin = inv.engine, inv.asPlugin
	return s.execute(ctx, inv.args)
}

// execute parses the arguments and runs the command that they name.
func (s *session) execute(ctx context.Context, args []string) error {
	root := rootCmd(s)
	root.SetArgs(joinValues(root, args))
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return root.ExecuteContext(ctx)
}

// close leaves the terminal as it was and drops the connection to the engine.
func (s *session) close() {
	s.printer.End()
	if c, ok := s.eng.(io.Closer); ok {
		_ = c.Close() // idle connections only: nothing is lost
	}
}

// getenv is the process environment with the project's .env under it.
func (s *session) getenv(name string) string { return s.env[name] }

// engine connects on first use.
func (s *session) engine() (engine.Engine, error) {
	s.connecting.Do(func() { s.eng, s.engErr = s.Connect(s.dockerOptions()) })
	return s.eng, s.engErr
}

func (s *session) dockerOptions() docker.Options {
	process := newSession(s.App) // the engine is chosen by the process, never by a .env file
	opt := s.dockerFlags
	opt.Getenv, opt.UserAgent = process.getenv, "muster/"+s.Version
	opt.Warn = func(text string) { s.printer.Warn(text) }
	return opt
}

// configured is the format that docker's configuration has under the key, if a
// table can be printed by it, as try finds out.
func (s *session) configured(key string, of func(docker.Formats) string, try func(format string) error) string {
	format := of(docker.ReadFormats(s.dockerOptions()))
	if format == "" {
		return ""
	}
	if err := try(format); err != nil {
		s.printer.Warn(fmt.Sprintf("%s of docker's configuration is not used: %v", key, err))
		return ""
	}
	return format
}

func (s *session) errorStyle() ui.ErrorStyle {
	return ui.ErrorStyle{JSON: s.mode == ui.JSON, Color: s.color(s.Terminal.Err)}
}

// color reports whether a stream gets colours.
func (s *session) color(terminal bool) bool {
	switch s.ansi() {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal && s.getenv("NO_COLOR") == ""
}

// ansi is never, always or auto.
func (s *session) ansi() string {
	if s.global.noANSI {
		return "never"
	}
	return cmp.Or(s.global.ansi, s.getenv("COMPOSE_ANSI"), "auto")
}

// chooseProgress decides how progress is shown.
func (s *session) chooseProgress() error {
	if s.global.noANSI && s.global.ansi != "" {
		return fmt.Errorf("cannot specify --no-ansi and --ansi at the same time")
	}
	ansi := s.ansi()
	if ansi != "auto" && ansi != "never" && ansi != "always" {
		return fmt.Errorf("unsupported --ansi value %q: use never, always or auto", ansi)
	}
	wanted := cmp.Or(s.global.progress, s.getenv("COMPOSE_PROGRESS"), "auto")
	switch wanted {
	case "auto":
		s.mode = ui.Plain
		if ansi != "never" && s.Terminal.Err && s.getenv("TERM") != "dumb" {
			s.mode = ui.TTY
		}
	case "tty":
		if ansi == "never" {
			return fmt.Errorf("can't use --progress tty while ANSI support is disabled")
		}
		s.mode = ui.TTY
	case "plain":
		if s.global.progress == "plain" && ansi == "always" {
			return fmt.Errorf("can't use --progress plain while ANSI support is forced")
		}
		s.mode = ui.Plain
	case "json":
		s.mode = ui.JSON
	case "quiet", "none":
		s.mode = ui.Quiet
	default:
		return fmt.Errorf("unsupported --progress value %q", wanted)
	}
	s.usePrinter(ui.PrinterOptions{})
	return nil
}

// quiet shows nothing but errors and warnings from now on.
func (s *session) quiet() {
	s.mode = ui.Quiet
	s.usePrinter(ui.PrinterOptions{})
}

// usePrinter replaces the printer, before anything was printed with it.
func (s *session) usePrinter(opt ui.PrinterOptions) {
	opt.Color, opt.Screen = s.color(s.Terminal.Err), s.Terminal.Screen
	opt.DryRun = s.global.dryRun
	s.printer = ui.NewPrinter(s.Err, s.mode, opt)
}

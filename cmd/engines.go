package cmd

import (
	"fmt"
	"sync"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
)

// engines finds the engine, and connects on first use.
type engines struct {
	connect func(docker.Options) (engine.Engine, error)
	flags   docker.Options // given in front of the command line
	agent   string
	env     *environment
	console *console

	connecting sync.Once
	found      engine.Engine
	err        error
}

func newEngines(app *App, env *environment, c *console) *engines {
	return &engines{connect: app.Connect, agent: "muster/" + app.Version, env: env, console: c}
}

func (f *engines) engine() (engine.Engine, error) {
	f.connecting.Do(func() { f.found, f.err = f.connect(f.options()) })
	return f.found, f.err
}

func (f *engines) options() docker.Options {
	opt := f.flags
	opt.Getenv, opt.UserAgent = f.env.ofProcess, f.agent // the engine is chosen by the process, never by a .env file
	opt.Warn = func(text string) { f.console.printer.Warn(text) }
	return opt
}

// configured is the format that docker's configuration has under the key, if a
// table can be printed by it, as try finds out.
func (f *engines) configured(key string, of func(docker.Formats) string, try func(format string) error) string {
	format := of(docker.ReadFormats(f.options()))
	if format == "" {
		return ""
	}
	if err := try(format); err != nil {
		f.console.printer.Warn(fmt.Sprintf("%s of docker's configuration is not used: %v", key, err))
		return ""
	}
	return format
}

// close drops the connection, if there is one.
func (f *engines) close() {
	if f.found != nil {
		_ = f.found.Close() // idle connections only: nothing is lost
	}
}

package cmd

import (
	"fmt"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/build"
	"github.com/musterdev/muster/internal/docker"
)

// Connect reaches an engine.
type Connect func(docker.Options) (engine.Engine, error)

// toDocker reaches an engine that speaks Docker's API.
func toDocker(opt docker.Options) (engine.Engine, error) {
	opt.Builder = build.BuildKit{}
	e, err := docker.Connect(opt)
	if err != nil {
		return nil, err // an interface around a nil pointer would be no nil
	}
	return e, nil
}

// dockerFlags are docker's own flags, in front of the command line.
type dockerFlags = docker.Options

// engines finds the engine, and connects on first use. This file alone knows which
// kind of engine that is.
type engines struct {
	connect Connect
	flags   dockerFlags
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

// psFormat and statsFormat are how docker's configuration wants these lists to be
// printed, if they can be, as try finds out; else empty.
func (f *engines) psFormat(try func(format string) error) string {
	return f.configured("psFormat", docker.ReadFormats(f.options()).Containers, try)
}

func (f *engines) statsFormat(try func(format string) error) string {
	return f.configured("statsFormat", docker.ReadFormats(f.options()).Stats, try)
}

func (f *engines) configured(key, format string, try func(format string) error) string {
	if format == "" {
		return ""
	}
	if err := try(format); err != nil {
		f.console.printer.Warn(fmt.Sprintf("ignoring %s of the Docker configuration: %v", key, err))
		return ""
	}
	return format
}

// instant is what engines take for a time: RFC 3339 with or without zone and time
// of day, Unix seconds, or a duration before now.
func instant(text string, now time.Time) (time.Time, error) { return docker.Instant(text, now) }

// close drops the connection, if there is one.
func (f *engines) close() {
	if f.found != nil {
		_ = f.found.Close() // idle connections only: nothing is lost
	}
}

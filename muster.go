// Package muster connects Go programs to a container engine. What is done with
// it lives in the packages beside it: loader reads Compose files, project is the
// model they make, convergence/up observes an engine and plans, convergence/apply
// applies, convergence/supervise keeps true: loader.Load, up.PlanUp, apply.Apply and
// supervise.Supervise are the four calls, and the examples show each.
//
// Images are built by the engine's classic builder here: BuildKit, which the
// muster command builds with, would double what a program links.
package muster

import (
	"context"
	"os"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
)

// Options name an engine. The zero value follows the environment as the docker
// command line does: DOCKER_HOST, DOCKER_CONTEXT, the current context of
// ~/.docker/config.json, and else the local engine.
type Options struct {
	Host    string // unix:///path, tcp://host:port or ssh://user@host
	Context string // name of a docker context; not together with Host
}

// Connect reaches the engine and agrees with it on an API version. The error
// wraps engine.ErrUnreachable if no engine answers, and says what to do;
// it wraps engine.ErrUnsupported if the engine is older than API 1.41.
// Close drops idle connections; what ends anyway need not.
func Connect(ctx context.Context, opt Options) (engine.Engine, error) {
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv, Host: opt.Host, Context: opt.Context})
	if err != nil {
		return nil, err
	}
	if err := e.Ping(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

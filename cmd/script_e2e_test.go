//go:build e2e

package cmd

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/build"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// TestScriptsOnEngine runs scripts on the real engine: those that say so, or with
// MUSTER_SCRIPTS=all also those that need the engine in memory only. Without an
// engine it fails.
func TestScriptsOnEngine(t *testing.T) {
	where := []string{onBoth, onEngine}
	if os.Getenv("MUSTER_SCRIPTS") == "all" {
		where = append(where, inMemory)
	}
	run := testrun.Current(t)
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv, Builder: build.BuildKit{}})
	if err == nil {
		err = e.Ping(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	version, err := e.APIVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runScripts(t, scriptsOn(t, where...), scriptHost{
		open: func(env *testscript.Env) engine.Engine {
			if host := os.Getenv("DOCKER_HOST"); host != "" {
				env.Setenv("DOCKER_HOST", host) // for docker in scripts
			}
			return e
		},
		api: version, patience: patience.OfEngine(), prefix: run.Name("cli-"),
		explain: testrun.Onlooker{Since: time.Now()}.Explain, tidy: testrun.RemoveBuilt,
	})
}

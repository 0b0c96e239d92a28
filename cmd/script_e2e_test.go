//go:build e2e

package cmd

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/docker"
)

func scriptDirs() []string { return []string{"testdata/script", "testdata/script/e2e"} }

// projectPrefix keeps projects of concurrent runs apart.
func projectPrefix() string { return "cli" + strconv.Itoa(os.Getpid()) + "-" }

// scriptEngine is the real engine. Without one the script fails.
func scriptEngine(env *testscript.Env) convergence.Engine {
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv})
	if err == nil {
		err = e.Ping(context.Background())
	}
	if err != nil {
		env.T().Fatal(err)
	}
	env.Defer(func() { e.Close() })
	return e
}

// newestAPI is the version that is spoken with the real engine.
func newestAPI(t *testing.T) string {
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	version, err := e.APIVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return version
}

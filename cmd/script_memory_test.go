//go:build !e2e

package cmd

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/enginetest"
)

func scriptDirs() []string { return []string{"testdata/script"} }

func projectPrefix() string { return "" }

// scriptEngine is an engine of the script's own.
func scriptEngine(env *testscript.Env) convergence.Engine {
	e := enginetest.New()
	e.AddImages("muster-test/registry:2")
	e.AddImage(enginetest.Image{Ref: "muster-test/busybox:1", Programs: enginetest.Busybox()})
	env.Defer(e.Close)
	return e
}

func newestAPI(*testing.T) string { return "1.999" }

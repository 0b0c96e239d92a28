//go:build e2e

package docker_test

import (
	"os"
	"testing"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/build"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/enginetest"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// testImage is built by scripts/images.sh.
const testImage = "muster-test/busybox:1"

// dial reaches the real engine; without one the test fails.
func dial(t *testing.T) *docker.Engine {
	t.Helper()
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv, Builder: build.BuildKit{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// TestContract holds the real engine to the contract that the one in memory
// keeps too.
func TestContract(t *testing.T) {
	enginetest.Run(t, engine.RolesOf(dial(t)), enginetest.Fixture{
		Image: testImage, Prefix: testrun.Current(t).Name("contract"), Port: testrun.FreePort(),
		Patience: patience.OfEngine(), Explain: testrun.Onlooker{Since: time.Now()}.Explain,
	})
}

//go:build e2e

package docker_test

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/enginetest"
)

// testImage is built by scripts/images.sh.
const testImage = "muster-test/busybox:1"

// dial reaches the real engine; without one the test fails.
func dial(t *testing.T) *docker.Engine {
	t.Helper()
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// freePort is a port of this machine that nothing listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestContract holds the real engine to the contract that the one in memory
// keeps too.
func TestContract(t *testing.T) {
	enginetest.Run(t, dial(t), enginetest.Fixture{
		Image: testImage, Prefix: fmt.Sprintf("docker-contract%d", os.Getpid()), Port: freePort(t),
	})
}

package enginetest_test

import (
	"testing"

	"github.com/musterdev/muster/internal/enginetest"
	"github.com/musterdev/muster/internal/patience"
)

// TestContract holds the engine in memory to what the real one does.
func TestContract(t *testing.T) {
	e := enginetest.New()
	t.Cleanup(e.Shutdown)
	e.AddImage(enginetest.Image{Ref: image, Programs: enginetest.Busybox()})
	enginetest.Run(t, e, enginetest.Fixture{Image: image, Prefix: "contract", Port: 18080, Patience: patience.InMemory()})
}

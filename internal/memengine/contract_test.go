package memengine_test

import (
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/enginetest"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/internal/patience"
)

// inMemory is an engine in memory with the image that the contract needs.
func inMemory(t *testing.T) (*memengine.Engine, enginetest.Fixture) {
	e := memengine.New()
	t.Cleanup(e.Shutdown)
	e.AddImage(memengine.Image{Ref: image, Programs: memengine.Busybox()})
	return e, enginetest.Fixture{Image: image, Prefix: "contract", Port: 18080, Patience: patience.InMemory()}
}

// TestContract holds the engine in memory to what the real one does.
func TestContract(t *testing.T) {
	e, fx := inMemory(t)
	enginetest.Run(t, engine.RolesOf(e), fx)
}

// TestContractOfRoles: a backend that lacks one role keeps the contract of the
// others, whichever it is.
func TestContractOfRoles(t *testing.T) {
	for name, leaveOut := range map[string]func(*engine.Roles){
		"containers": func(r *engine.Roles) { r.Containers = nil },
		"networks":   func(r *engine.Roles) { r.Networks = nil },
		"volumes":    func(r *engine.Roles) { r.Volumes = nil },
		"images":     func(r *engine.Roles) { r.Images = nil },
		"events":     func(r *engine.Roles) { r.Events = nil },
		"inside":     func(r *engine.Roles) { r.Inside = nil },
		"info":       func(r *engine.Roles) { r.Info, r.Closer = nil, nil },
	} {
		t.Run("without "+name, func(t *testing.T) {
			t.Parallel()
			e, fx := inMemory(t)
			roles := engine.RolesOf(e)
			leaveOut(&roles)
			enginetest.Run(t, roles, fx)
		})
	}
}

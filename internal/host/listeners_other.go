//go:build !linux

package host

import "github.com/musterdev/muster/convergence/plan"

// Listeners cannot be told here; a port in use is reported by the engine.
func Listeners([]int) []plan.Listener { return nil }

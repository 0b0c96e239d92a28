//go:build !linux

package cmd

import "github.com/musterdev/muster/convergence"

// listeners cannot be told here; a port in use is reported by the engine.
func listeners([]int) []convergence.Listener { return nil }

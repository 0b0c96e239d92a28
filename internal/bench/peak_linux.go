package main

import (
	"os"
	"syscall"
)

// peak is the largest resident set of an ended process, in bytes.
func peak(state *os.ProcessState) int64 {
	resources, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return resources.Maxrss << 10
}

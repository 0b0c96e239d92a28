//go:build !linux

package lock

import "os"

// kernelHolder is not known here: no file names the holders of locks.
func kernelHolder(*os.File) (pid int, known bool) { return 0, false }

func processHolder(pid int) Holder { return Holder{PID: pid} }

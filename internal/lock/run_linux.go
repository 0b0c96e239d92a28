package lock

import (
	"fmt"
	"os"
	"strings"
)

// machine is the machine since its start, and the process namespace.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		boot = []byte("unknown")
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		namespace = "unknown"
	}
	return strings.TrimSpace(string(boot)) + " " + namespace
}

// startOf is when the process began, in ticks since the machine's start; empty
// if there is none.
func startOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The second field is the program's name in brackets, which may hold anything.
	_, rest, found := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	f := strings.Fields(rest)
	const startTime = 22 - 3 // the first of these is the third
	if !found || len(f) <= startTime || f[0] == "Z" || f[0] == "X" {
		return ""
	}
	return f[startTime]
}

func exists(pid int) bool { return startOf(pid) != "" }

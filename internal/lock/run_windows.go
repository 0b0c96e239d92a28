package lock

import "os"

// machine is known by its name only.
func machine() string {
	host, _ := os.Hostname()
	return host
}

// startOf is not known here.
func startOf(int) string { return "0" }

func exists(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release() // it was only asked for
	return true
}

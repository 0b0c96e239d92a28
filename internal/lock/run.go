package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Life is what is known of a process.
type Life int

// What may be known of a process.
const (
	// LifeUnknown is that of a process of another machine, container or format.
	LifeUnknown Life = iota
	Dead
	Alive
)

// Run names a run of the program, so that any process of the same machine can
// tell whether it goes on: its process, when that began, and where.
type Run string

// ThisRun is the run of this process.
func ThisRun() Run {
	return Run(fmt.Sprintf("%d.%s.%s.%s", os.Getpid(), startOf(os.Getpid()), where(), thisProcess[:8]))
}

// Self reports whether it is the run of this very process.
func (r Run) Self() bool { return r == ThisRun() }

// PID is the number of the process, where that says anything here.
func (r Run) PID() int {
	pid, _, place, ok := r.parts()
	if !ok || place != where() {
		return 0
	}
	return pid
}

// Life reports whether the process of the run goes on.
func (r Run) Life() Life {
	pid, start, place, ok := r.parts()
	if !ok || place != where() {
		return LifeUnknown
	}
	if !exists(pid) || startOf(pid) != start {
		return Dead
	}
	return Alive
}

func (r Run) parts() (pid int, start, place string, ok bool) {
	f := strings.Split(string(r), ".")
	if len(f) != 4 {
		return 0, "", "", false
	}
	pid, err := strconv.Atoi(f[0])
	return pid, f[1], f[2], err == nil && pid > 0
}

// where stands for what gives process numbers their meaning: one start of one
// machine and, in a container, that container.
func where() string {
	sum := sha256.Sum256([]byte(machine()))
	return hex.EncodeToString(sum[:6])
}

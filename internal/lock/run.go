package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
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

// Run names a run of the program, so that another one can tell whether it goes on
// and whether the two exclude each other: by its process, when that began, on
// which machine, and where its locks lie.
type Run string

// ThisRun is the run of this process, which holds the lock; nil is none.
func ThisRun(l *Lock) Run {
	return Run(strings.Join([]string{strconv.Itoa(os.Getpid()), startOf(os.Getpid()), where(), thisProcess(), l.place()}, "."))
}

// unlocked is the place of a lock that is none.
const unlocked = "none"

// place stands for the lock: its folder and what it locks there.
func (l *Lock) place() string {
	if l == nil {
		return unlocked
	}
	folder, known := idOf(l.folder)
	if !known {
		return unlocked
	}
	sum := sha256.Sum256([]byte(folder + "\x00" + filepath.Base(l.path)))
	return hex.EncodeToString(sum[:6])
}

// Excludes reports whether the run cannot have been at work while this process
// holds the lock: it is this process, or shares its locks.
func (r Run) Excludes(l *Lock) bool {
	f, ok := r.fields()
	return ok && (f.process == thisProcess() || f.machine == where() && f.place != unlocked && f.place == l.place())
}

// PID is the number of the process, where that says anything here.
func (r Run) PID() int {
	f, ok := r.fields()
	if !ok || f.machine != where() {
		return 0
	}
	return f.pid
}

// Life reports whether the process of the run goes on.
func (r Run) Life() Life {
	f, ok := r.fields()
	switch {
	case !ok || f.machine != where():
		return LifeUnknown
	case !exists(f.pid) || startOf(f.pid) != f.start:
		return Dead
	}
	return Alive
}

type runFields struct {
	pid                            int
	start, machine, process, place string
}

func (r Run) fields() (runFields, bool) {
	f := strings.Split(string(r), ".")
	if len(f) != 5 {
		return runFields{}, false
	}
	pid, err := strconv.Atoi(f[0])
	return runFields{pid, f[1], f[2], f[3], f[4]}, err == nil && pid > 0
}

// where stands for what gives process numbers their meaning: one start of one
// machine and, in a container, that container.
func where() string {
	sum := sha256.Sum256([]byte(machine()))
	return hex.EncodeToString(sum[:6])
}

//go:build unix

package testrun

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// variable is in the environment of every process that a run starts.
const variable = "MUSTER_TEST_RUN"

// Run is one process of tests.
type Run struct {
	id string

	mu     sync.Mutex
	record *os.File // locked as long as the process lives; its lines are what names do not tell
}

// Current is the run of this process. The first call removes what dead runs left.
func Current(t testing.TB) *Run {
	t.Helper()
	r, err := current()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// current is begun once in a process.
var current = sync.OnceValues(func() (*Run, error) {
	runs := filepath.Join(os.TempDir(), "muster-test-runs")
	if err := os.MkdirAll(runs, 0o777); err != nil {
		return nil, err
	}
	if err := sweep(runs); err != nil {
		return nil, fmt.Errorf("remove what dead test runs left: %w", err)
	}
	r, err := begin(runs)
	if err != nil {
		return nil, err
	}
	// Folders of tests and of what they start lie in one, which goes with the run.
	folder := filepath.Join(os.TempDir(), r.Name("tmp"))
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	r.Note("folder", folder)
	return r, errors.Join(os.Setenv("TMPDIR", folder), os.Setenv(variable, r.id))
})

// begin takes a name that nobody has.
func begin(runs string) (*Run, error) {
	for {
		id := strings.ToLower(rand.Text()[:6])
		f, err := os.OpenFile(filepath.Join(runs, id), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r := &Run{id: id, record: f}
		// Another run's sweep may have been faster with the lock.
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && listed(f) {
			return r, nil
		}
		_ = f.Close() // it was taken for a dead run's
	}
}

// listed reports whether the file still has a name.
func listed(f *os.File) bool {
	var st syscall.Stat_t
	return syscall.Fstat(int(f.Fd()), &st) == nil && st.Nlink > 0
}

// Name is the name, of a project for one, that the run gives to something of its own.
func (r *Run) Name(what string) string { return prefix(r.id) + what }

func prefix(id string) string { return "mt" + id + "-" }

// Note remembers something that the run made and that does not bear its name: an
// "image", a "container" or a "volume" of the engine, a "folder", or an "engine"
// by its folder.
func (r *Run) Note(kind, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintln(r.record, kind, name) // unwritten, it is left behind by a kill at most
}

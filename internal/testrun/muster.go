//go:build unix

package testrun

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Muster is the built program under test. All packages of a checkout share the
// file, so that it is linked once only.
func (r *Run) Muster(t testing.TB) string {
	t.Helper()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(string(root))
	shared := filepath.Join(cache, "muster-test", fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:12], "muster")
	if err := os.MkdirAll(filepath.Dir(shared), 0o755); err != nil {
		t.Fatal(err)
	}
	one, err := os.OpenFile(shared+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close() // frees the lock
	if err := syscall.Flock(int(one.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", shared, "./cmd/muster")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	// A copy of the test's own: another run may build another one meanwhile.
	program, err := os.ReadFile(shared)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "muster")
	if err := os.WriteFile(own, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return own
}

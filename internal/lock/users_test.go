//go:build !windows

package lock

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func plantPipe(path string) error { return syscall.Mkfifo(path, 0o666) }

// nobody is a user that has nothing.
const nobody = 65534

// TestTwoUsers: a lock that another user holds is held, whoever of them made its
// file; and that user's end frees it.
func TestTwoUsers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be two users")
	}
	base := t.TempDir()
	for dir := base; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) { // all the way to it
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(base, "program") // nobody may not reach the test's own
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := shared(t, base)
	for _, who := range []string{"root's file", "nobody's file"} {
		t.Run(who, func(t *testing.T) {
			if who == "root's file" { // as a run that was killed leaves it
				l := acquire(t, inShared(dir))
				l.file.Close()
			}
			other := exec.Command(program, "-test.run=^TestHelper$")
			other.Dir = "/"
			other.Env = []string{"LOCK_TEST_DIR=" + dir, "LOCK_TEST_SHARED=1", "HOME=/nonexistent", "TMPDIR=/nonexistent"}
			other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			out, err := other.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "locked\n" {
				t.Fatalf("the other user says %q, %v", line, err)
			}
			opt := inShared(dir)
			opt.Timeout = -1
			_, err = Acquire(t.Context(), opt)
			var refused *HeldError
			if !errors.As(err, &refused) || refused.Holder.PID != other.Process.Pid {
				t.Errorf("error = %v, want one that names pid %d", err, other.Process.Pid)
			}
			opt.Timeout = 0
			opt.Waiting = func(Holder) {
				if err := other.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
			if err := acquire(t, opt).Release(); err != nil {
				t.Error(err)
			}
			_ = other.Wait() // it was killed
			if files := held(t, dir); len(files) > 0 {
				t.Errorf("left are %q", files)
			}
		})
	}
}

// TestSockets: every user's supervisor has a socket of its own; those of users who
// may use the engine are found.
func TestSockets(t *testing.T) {
	dir := shared(t, t.TempDir())
	own, err := Socket(inShared(dir))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, inShared(dir).name()+"-4711.sock")
	for _, path := range []string{own, other} {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fd)
		if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		if got, others := Sockets(inShared(dir)); len(got) != 2 || got[0] != own || got[1] != other || others {
			t.Errorf("sockets = %q, want root's one too", got)
		}
		if err := os.Chown(other, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		if got, others := Sockets(inShared(dir)); len(got) != 1 || !others {
			t.Errorf("sockets = %q, want none of a user who may not use the engine", got)
		}
	}
	sup := inShared(dir)
	sup.Kind = Supervisor
	if Held(sup) {
		t.Error("a lock that nobody took is held")
	}
	l := acquire(t, sup)
	if !Held(sup) {
		t.Error("a lock that is taken is not held")
	}
	if err := acquire(t, inShared(dir)).Release(); err != nil {
		t.Fatal(err)
	}
	if got := held(t, dir); !slices.Contains(got, own) {
		t.Errorf("the socket of a supervisor is taken away: %q", got)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if got := held(t, dir); slices.Contains(got, own) {
		t.Errorf("the socket of a supervisor that is gone stays: %q", got)
	}
	elsewhere := inShared(dir)
	elsewhere.Project = "other"
	if got, others := Sockets(elsewhere); len(got) != 1 || others {
		t.Errorf("sockets of another project = %q", got)
	}
}

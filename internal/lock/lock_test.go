package lock

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func options(dir string) Options {
	return Options{Dir: dir, Engine: "unix:///run/docker.sock", Project: "demo", Op: "muster up"}
}

func acquire(t *testing.T, opt Options) *Lock {
	t.Helper()
	l, err := Acquire(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSecondWaitsAndIsToldForWhom(t *testing.T) {
	dir := t.TempDir()
	first := acquire(t, options(dir))
	told := make(chan Holder, 1)
	got := make(chan error, 1)
	go func() {
		opt := options(dir)
		opt.Waiting = func(h Holder) { told <- h }
		second, err := Acquire(t.Context(), opt)
		if err == nil {
			err = second.Release()
		}
		got <- err
	}()
	h := <-told
	if h.PID != os.Getpid() || h.Op != "muster up" || !strings.Contains(h.String(), "(muster up) since ") {
		t.Errorf("waits for %+v", h)
	}
	select {
	case err := <-got:
		t.Fatalf("the second did not wait: %v", err)
	default:
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestOtherProjectsEnginesAndKindsAreFree(t *testing.T) {
	dir := t.TempDir()
	first := acquire(t, options(dir))
	defer first.Release()
	for _, change := range []func(*Options){
		func(o *Options) { o.Project = "other" },
		func(o *Options) { o.Engine = "tcp://elsewhere" },
		func(o *Options) { o.Kind = "sup" },
	} {
		opt := options(dir)
		opt.Timeout = -1
		change(&opt)
		l := acquire(t, opt)
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
}

func TestRefusalNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	first := acquire(t, options(dir))
	defer first.Release()
	for _, timeout := range []time.Duration{-1, time.Millisecond} {
		opt := options(dir)
		opt.Timeout = timeout
		_, err := Acquire(t.Context(), opt)
		var held *HeldError
		if !errors.As(err, &held) || held.Holder.PID != os.Getpid() || !strings.Contains(err.Error(), "project demo is locked by pid ") {
			t.Errorf("error = %v, want one that names the holder", err)
		}
	}
}

func TestCancelledWaitGivesTheLockUp(t *testing.T) {
	dir := t.TempDir()
	first := acquire(t, options(dir))
	reason := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	opt := options(dir)
	opt.Waiting = func(Holder) { cancel(reason) }
	if _, err := Acquire(ctx, opt); !errors.Is(err, reason) {
		t.Fatalf("error = %v, want the cause of the cancellation", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	// What was left waiting gets the lock perhaps, and lets go of it.
	third := acquire(t, options(dir))
	if err := third.Release(); err != nil {
		t.Error(err)
	}
}

// TestHelper is the process that TestKilledHolder kills.
func TestHelper(t *testing.T) {
	dir := os.Getenv("LOCK_TEST_DIR")
	if dir == "" {
		return
	}
	acquire(t, options(dir))
	os.Stdout.WriteString("locked\n")
	select {}
}

func TestKilledHolder(t *testing.T) {
	dir := t.TempDir()
	helper := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	helper.Env = append(os.Environ(), "LOCK_TEST_DIR="+dir)
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("helper says %q, %v", line, err)
	}
	opt := options(dir)
	opt.Waiting = func(h Holder) {
		if h.PID != helper.Process.Pid {
			t.Errorf("waits for pid %d, want %d", h.PID, helper.Process.Pid)
		}
		if err := helper.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	l := acquire(t, opt)
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	if err := helper.Wait(); err == nil {
		t.Error("the helper ended by itself")
	}
}

func TestForeignFoldersAreRefused(t *testing.T) {
	base := t.TempDir()
	open := filepath.Join(base, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	ours := filepath.Join(base, "ours")
	if err := os.Mkdir(ours, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(base, "link")
	if err := os.Symlink(ours, link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{open, link} {
		if _, err := Acquire(t.Context(), options(dir)); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error = %v, want a refusal", dir, err)
		}
	}
}

func TestLinkedFilesAreNotFollowed(t *testing.T) {
	dir := t.TempDir()
	if err := acquire(t, options(dir)).Release(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.op"))
	if err != nil || len(files) != 1 {
		t.Fatalf("lock files = %v, %v", files, err)
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, files[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(t.Context(), options(dir)); err == nil {
		t.Error("a link was followed")
	}
	if content, err := os.ReadFile(victim); err != nil || string(content) != "precious" {
		t.Errorf("the file behind the link is %q, %v", content, err)
	}
}

func TestDefaultDir(t *testing.T) {
	runtime := t.TempDir()
	if err := os.Chmod(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := DefaultDir(func(name string) string { return map[string]string{"XDG_RUNTIME_DIR": runtime}[name] })
	if err != nil || dir != filepath.Join(runtime, "muster") {
		t.Errorf("DefaultDir = %q, %v", dir, err)
	}
}

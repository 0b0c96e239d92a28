package lock

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func options(dir string) Options {
	return Options{Folders: []Folder{{Path: dir}}, Engine: "unix:///run/docker.sock", Project: "demo", Op: "muster up"}
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

// TestHelper is the other process of TestKilledHolder, TestRun and TestTwoUsers.
func TestHelper(t *testing.T) {
	if os.Getenv("LOCK_TEST_RUN") != "" {
		os.Stdout.WriteString(string(ThisRun(nil)) + "\n")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	dir := os.Getenv("LOCK_TEST_DIR")
	if dir == "" {
		return
	}
	opt := options(dir)
	if os.Getenv("LOCK_TEST_SHARED") != "" {
		opt = inShared(dir)
	}
	acquire(t, opt)
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
		if h.Self() {
			t.Errorf("another process is taken for this one: %+v", h)
		}
		if err := helper.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	l := acquire(t, opt)
	opt.Timeout, opt.Waiting = -1, nil
	if again := (*HeldError)(nil); !errors.As(second(t, opt), &again) || !again.Holder.Self() {
		t.Errorf("this process is not known as the holder: %+v", again)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	if err := helper.Wait(); err == nil {
		t.Error("the helper ended by itself")
	}
}

func second(t *testing.T, opt Options) error {
	t.Helper()
	_, err := Acquire(t.Context(), opt)
	return err
}

func TestForeignFoldersAreLeftAside(t *testing.T) {
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
	for _, f := range []Folder{
		{Path: open}, {Path: link}, {Path: open, Shared: true}, {Path: ours, Shared: true},
		{Path: filepath.Join(base, "none", "below")}, {Path: filepath.Join(base, "none"), Shared: true},
	} {
		opt := options("")
		opt.Folders = []Folder{f}
		_, err := Acquire(t.Context(), opt)
		var nowhere *NoPlaceError
		if !errors.As(err, &nowhere) || !strings.Contains(err.Error(), f.Path) {
			t.Errorf("%+v: error = %v, want one that names it as no place", f, err)
		}
		opt.Folders = append(opt.Folders, Folder{Path: ours})
		if err := acquire(t, opt).Release(); err != nil {
			t.Errorf("the folder after it: %v", err)
		}
	}
}

// held are the names of the lock files in a folder.
func held(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestPlantedFiles: what somebody puts where the lock's file is looked for is
// neither followed nor written to nor waited for.
func TestPlantedFiles(t *testing.T) {
	for name, plant := range map[string]func(path, victim string) error{
		"symbolic link": func(path, victim string) error { return os.Symlink(victim, path) },
		"other name":    func(path, victim string) error { return os.Link(victim, path) },
		"plain file":    func(path, _ string) error { return plantPipe(path) },
		"directory":     func(path, _ string) error { return os.Mkdir(path, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			dir := shared(t, base)
			l := acquire(t, inShared(dir))
			path := held(t, dir)[0]
			if err := l.Release(); err != nil {
				t.Fatal(err)
			}
			victim := filepath.Join(base, "victim")
			if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := plant(path, victim); err != nil {
				t.Skip(err)
			}
			_, err := Acquire(t.Context(), inShared(dir))
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove it") {
				t.Errorf("error = %v, want a refusal that names the file", err)
			}
			if content, err := os.ReadFile(victim); err != nil || string(content) != "precious" {
				t.Errorf("the file behind it is %q, %v", content, err)
			}
		})
	}
}

// shared makes a folder like /tmp.
func shared(t *testing.T, base string) string {
	t.Helper()
	dir := filepath.Join(base, "all")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	return dir
}

func inShared(dir string) Options {
	opt := options("")
	opt.Folders = []Folder{{Path: dir, Shared: true}}
	return opt
}

// TestNothingIsLeft: a lock's file goes with it, those of runs that were killed
// with the next one, those that are held stay.
func TestNothingIsLeft(t *testing.T) {
	for name, opt := range map[string]Options{"own": options(t.TempDir()), "shared": inShared(shared(t, t.TempDir()))} {
		t.Run(name, func(t *testing.T) {
			dir := opt.Folders[0].Path
			other := opt
			other.Project = "other"
			kept := acquire(t, other)
			stale := filepath.Join(dir, prefix+"0123456789abcdef0123456789abcdef.op")
			foreign := filepath.Join(dir, "somebody-elses.op")
			for _, path := range []string{stale, foreign} {
				if err := os.WriteFile(path, []byte(`{"pid":1}`), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := acquire(t, opt).Release(); err != nil {
				t.Fatal(err)
			}
			if files := held(t, dir); len(files) != 2 || !slices.Contains(files, foreign) {
				t.Errorf("left are %q, want the file that is held and the one that is nobody's lock", files)
			}
			if err := kept.Release(); err != nil {
				t.Fatal(err)
			}
			if files := held(t, dir); len(files) != 1 {
				t.Errorf("left are %q", files)
			}
		})
	}
}

// TestOneAtATime: with holders that take the file away under those who wait for
// it, two never hold the lock at once, and none waits for ever.
func TestOneAtATime(t *testing.T) {
	dir := shared(t, t.TempDir())
	const runs, rounds = 8, 25
	var inside, most atomic.Int32
	var group sync.WaitGroup
	for range runs {
		group.Go(func() {
			for range rounds {
				l, err := Acquire(t.Context(), inShared(dir))
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n > 1 {
					most.Store(n)
				}
				runtime.Gosched()
				inside.Add(-1)
				if err := l.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := most.Load(); n > 0 {
		t.Errorf("%d held the lock at once", n)
	}
	if files := held(t, dir); len(files) > 0 {
		t.Errorf("left are %q", files)
	}
}

// TestWhatAFileSaysIsNotTrusted: anybody can write to a lock file of a shared
// folder. Who holds the lock is asked of the kernel where it tells, and what is
// shown cannot drive a terminal.
func TestWhatAFileSaysIsNotTrusted(t *testing.T) {
	dir := shared(t, t.TempDir())
	first := acquire(t, inShared(dir))
	defer first.Release()
	path := held(t, dir)[0]
	for _, forged := range []string{
		`{"pid":4711,"op":"muster up"}`,
		`{"op":"\u001b[2J\nproject demo is yours","who":"\u202eroot","pid":` + strconv.Itoa(os.Getpid()) + `}`,
		`{"pid":-1}`, `no JSON`, strings.Repeat("x", 100000), ``,
	} {
		if err := os.WriteFile(path, []byte(forged), 0o666); err != nil {
			t.Fatal(err)
		}
		opt := inShared(dir)
		opt.Timeout = -1
		_, err := Acquire(t.Context(), opt)
		var refused *HeldError
		if !errors.As(err, &refused) {
			t.Fatalf("%.40q: error = %v", forged, err)
		}
		if strings.ContainsAny(err.Error(), "\x1b\n\u202e") {
			t.Errorf("%.40q: error = %q", forged, err)
		}
		if runtime.GOOS == "linux" && refused.Holder.PID != os.Getpid() {
			t.Errorf("%.40q: held by %s, want pid %d", forged, refused.Holder, os.Getpid())
		}
	}
}

// TestAddress: callers that reach one engine by different paths share its locks.
func TestAddress(t *testing.T) {
	base := t.TempDir()
	if err := os.Mkdir(filepath.Join(base, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("run", filepath.Join(base, "var")); err != nil {
		t.Skip(err)
	}
	a, b := options(t.TempDir()), options(t.TempDir())
	a.Engine, b.Engine = "unix://"+filepath.Join(base, "run", "engine.sock"), "unix://"+filepath.Join(base, "var", "engine.sock")
	if a.name() != b.name() {
		t.Error("a link makes another engine of a socket")
	}
	if b.Engine = "tcp://127.0.0.1:2375"; a.name() == b.name() {
		t.Error("two engines share their locks")
	}
}

// TestFoldersAreTheMachines: the places that count do not depend on the caller.
func TestFoldersAreTheMachines(t *testing.T) {
	const own = "/somewhere/of/mine"
	here := Folders(func(string) string { return "" })
	there := Folders(func(string) string { return own })
	for i, f := range here {
		if f.Shared && there[i] != f {
			t.Errorf("%s comes after %s", f.Path, there[i].Path)
		}
	}
	last := there[len(there)-1]
	if last.Shared || !strings.HasPrefix(last.Path, own) {
		t.Errorf("what a caller names is not tried last: %+v", there)
	}
}

// TestRun: of a run it can be told whether it goes on.
func TestRun(t *testing.T) {
	l := acquire(t, options(t.TempDir()))
	defer l.Release()
	this := ThisRun(l)
	if !this.Excludes(nil) || this.Life() != Alive || this.PID() != os.Getpid() {
		t.Errorf("this run %s: life %d, pid %d", this, this.Life(), this.PID())
	}
	helper := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	helper.Env = append(os.Environ(), "LOCK_TEST_RUN=1")
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := helper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	other := Run(strings.TrimSpace(line))
	if other.Excludes(l) || other.Life() != Alive {
		t.Errorf("another run %s: life %d", other, other.Life())
	}
	elsewhere := acquire(t, options(t.TempDir()))
	defer elsewhere.Release()
	otherEngine := options(filepath.Dir(l.path))
	otherEngine.Engine = "tcp://another"
	beside := acquire(t, otherEngine)
	defer beside.Release()
	f := strings.Split(string(this), ".")
	f[3] = "anotherprocess"
	if r := Run(strings.Join(f, ".")); !r.Excludes(l) || r.Excludes(elsewhere) || r.Excludes(beside) || r.Excludes(nil) {
		t.Errorf("a run that shares the lock: %t, one with another place: %t, another engine: %t, with none: %t",
			r.Excludes(l), r.Excludes(elsewhere), r.Excludes(beside), r.Excludes(nil))
	}
	in.Close()
	if err := helper.Wait(); err != nil {
		t.Fatal(err)
	}
	if other.Life() != Dead {
		t.Errorf("a run that ended: life %d", other.Life())
	}
	f[2] = "elsewhere"
	for _, r := range []Run{"", "x", "1.2.3", Run(strings.Join(f, ".")), "-1.2.3.4.5"} {
		if r.Excludes(l) || r.Life() != LifeUnknown || r.PID() != 0 {
			t.Errorf("%q: life %d, pid %d", r, r.Life(), r.PID())
		}
	}
}

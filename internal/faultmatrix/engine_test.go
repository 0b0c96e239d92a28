//go:build e2e

package faultmatrix

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long whatever must come may take; it bounds hangs.
const patience = 90 * time.Second

// engine is a private dockerd: nobody else's containers are on it, and it may be
// killed. It lives in a network namespace of its own: an engine takes the bridge
// docker0 and the packet filter of its host for its own, and would break those of
// an engine that runs already.
type engine struct {
	t       *testing.T
	dir     string
	extra   []string // arguments of dockerd
	running *exec.Cmd
	log     bytes.Buffer
}

// images are what the rows run, taken from the engine that builds the tests' images.
var images = []string{"muster-test/busybox:1"}

// newEngine starts one and loads the images. It ends with the test.
func newEngine(t *testing.T, extra ...string) *engine {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a private engine needs root")
	}
	dir, err := os.MkdirTemp("", "muster-engine") // short: sockets lie in it
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{t: t, dir: dir, extra: extra}
	t.Cleanup(e.destroy)
	// A file is the namespace, which so outlives each run of the engine.
	if err := os.WriteFile(e.path("net"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("unshare", "--net="+e.path("net"), "true").CombinedOutput(); err != nil {
		t.Fatalf("make a network namespace: %v\n%s", err, out)
	}
	e.start()
	save, load := exec.Command("docker", append([]string{"save"}, images...)...), e.docker("load", "--quiet")
	if load.Stdin, err = save.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := save.Start(); err != nil {
		t.Fatal(err)
	}
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("load the images: %v\n%s", err, out)
	}
	if err := save.Wait(); err != nil {
		t.Fatalf("save %s: %v; make images builds them", images, err)
	}
	return e
}

func (e *engine) path(name string) string { return filepath.Join(e.dir, name) }

func (e *engine) host() string { return "unix://" + e.path("docker.sock") }

// start starts dockerd and waits until it answers. After a kill its containerd
// may still be winding down, and the first try fails.
func (e *engine) start() {
	e.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		_ = os.Remove(e.path("pid")) // of the one that was killed
		args := append([]string{
			"--net=" + e.path("net"), "dockerd", "-H", e.host(), "--data-root", e.path("data"), "--exec-root", e.path("exec"), "--pidfile", e.path("pid"),
			"--iptables=false", "--ip-masq=false",
		}, e.extra...)
		c := exec.Command("nsenter", args...)
		c.Stdout, c.Stderr = &e.log, &e.log
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := c.Start(); err != nil {
			e.t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = c.Wait(); close(ended) }() // the exit code of a killed engine says nothing
		e.running = c
		if e.answers(ended, deadline) {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("dockerd does not start:\n%s", e.tail())
		}
	}
}

func (e *engine) answers(ended <-chan struct{}, deadline time.Time) bool {
	for time.Now().Before(deadline) {
		if e.docker("version").Run() == nil {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return false
}

func (e *engine) tail() string {
	lines := strings.Split(e.log.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// end sends the engine a signal and waits until it is gone.
func (e *engine) end(signal syscall.Signal) {
	e.t.Helper()
	if err := e.running.Process.Signal(signal); err != nil {
		e.t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for syscall.Kill(e.running.Process.Pid, 0) == nil {
		if time.Now().After(deadline) {
			e.t.Fatalf("dockerd does not end on %v", signal)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// destroy leaves nothing of the engine behind.
func (e *engine) destroy() {
	if out, err := e.docker("ps", "-aq").Output(); err == nil && len(out) > 0 {
		_ = e.docker(append([]string{"rm", "-f"}, strings.Fields(string(out))...)...).Run()
	}
	if e.running == nil {
		_ = os.RemoveAll(e.dir)
		return
	}
	_ = e.running.Process.Signal(syscall.SIGTERM)
	for i := 0; i < 200 && syscall.Kill(e.running.Process.Pid, 0) == nil; i++ {
		time.Sleep(20 * time.Millisecond)
	}
	_ = e.running.Process.Kill()
	if pid, err := os.ReadFile(e.path("exec/containerd/containerd.pid")); err == nil {
		_ = exec.Command("kill", "-9", string(pid)).Run()
	}
	if mounts, err := os.ReadFile("/proc/self/mounts"); err == nil {
		for line := range strings.Lines(string(mounts)) {
			if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], e.dir) {
				_ = syscall.Unmount(f[1], syscall.MNT_DETACH)
			}
		}
	}
	_ = os.RemoveAll(e.dir)
}

// docker is the docker command line, another user of the engine.
func (e *engine) docker(args ...string) *exec.Cmd {
	c := exec.Command("docker", args...)
	c.Env = append(os.Environ(), "DOCKER_HOST="+e.host(), "DOCKER_CONTEXT=")
	return c
}

// buildMuster builds the program under test.
func buildMuster(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "muster")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/muster").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

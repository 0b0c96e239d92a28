//go:build e2e

package faultproxy_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
	"github.com/musterdev/muster/test/faultproxy"
)

// stackFile is a store with a named and an anonymous volume, and a client that
// waits for it. Both end at once when told to.
const stackFile = `
services:
  store:
    image: muster-test/busybox:1
    command: ["sh", "-c", "trap 'exit 0' TERM; touch /up; while :; do sleep 0.05; done"]
    environment: {VERSION: "${VERSION:-1}"}
    healthcheck: {test: ["CMD", "test", "-f", "/up"], interval: 1s}
    volumes: ["data:/data", "/cache"]
  web:
    image: muster-test/busybox:1
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done"]
    depends_on: {store: {condition: service_healthy}}
volumes: {data: {}}
`

// stack is a project of its own, reached through a proxy of its own.
type stack struct {
	*testing.T
	binary, dir, name, socket string
	proxy                     *faultproxy.Proxy
	engine                    *docker.Engine
	anonymous                 map[string]bool // volumes without a name that were seen
}

func newStack(t *testing.T, binary, name string) *stack {
	t.Helper()
	// Not t.TempDir: a test's name would make the socket's path too long.
	dir, err := os.MkdirTemp("", "muster-fault")
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{T: t, binary: binary, dir: dir, name: testrun.Current(t).Name("fault-" + name),
		socket: filepath.Join(dir, "proxy.sock"), anonymous: map[string]bool{}}
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(stackFile), 0o644); err != nil {
		t.Fatal(err)
	}
	upstream := strings.TrimPrefix(cmp.Or(os.Getenv("DOCKER_HOST"), "unix:///var/run/docker.sock"), "unix://")
	if s.proxy, err = faultproxy.Start(s.socket, upstream); err != nil {
		t.Fatal(err)
	}
	if s.engine, err = docker.Connect(docker.Options{Getenv: os.Getenv}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.sweep()
		_ = s.engine.Close()
		_ = s.proxy.Close()
		_ = os.RemoveAll(dir)
	})
	testrun.ExplainFailure(t, testrun.Onlooker{}, s.name)
	return s
}

// sweep removes what a failed test left behind.
func (s *stack) sweep() {
	ctx, cancel := patience.OfEngine().Context(context.Background())
	defer cancel()
	o, err := up.ObserveProject(ctx, s.engine, s.name)
	if err != nil {
		s.Error(err)
		return
	}
	for _, c := range o.Containers {
		err = errors.Join(err, s.engine.RemoveContainer(ctx, c.Ref, true))
	}
	for _, n := range o.Networks {
		err = errors.Join(err, s.engine.RemoveNetwork(ctx, n.ID))
	}
	for _, v := range o.Volumes {
		err = errors.Join(err, s.engine.RemoveVolume(ctx, v.Name))
	}
	for v := range s.anonymous {
		err = errors.Join(err, s.engine.RemoveVolume(ctx, v))
	}
	if err != nil {
		s.Error(err)
	}
}

// tool is a run of muster. It waits for release, so that rules that need its
// process can be added before it does anything.
type tool struct {
	*exec.Cmd
	t    *testing.T
	gate io.WriteCloser
	out  bytes.Buffer
}

// start prepares a run of muster through the proxy.
func (s *stack) start(version string, args ...string) *tool {
	s.Helper()
	// The shell becomes muster, with the same process ID, once it has read a line.
	words := append([]string{"-c", `read -r _ && exec "$0" "$@"`, s.binary}, args...)
	t := &tool{Cmd: exec.Command("sh", words...), t: s.T}
	t.Dir = s.dir
	t.Env = append(os.Environ(), "DOCKER_HOST=unix://"+s.socket, "COMPOSE_PROJECT_NAME="+s.name, "VERSION="+cmp.Or(version, "1"))
	t.Stdout, t.Stderr = &t.out, &t.out
	t.WaitDelay = 5 * time.Second
	var err error
	if t.gate, err = t.StdinPipe(); err != nil {
		s.Fatal(err)
	}
	if err := t.Cmd.Start(); err != nil {
		s.Fatal(err)
	}
	return t
}

func (t *tool) release() {
	if _, err := io.WriteString(t.gate, "\n"); err != nil {
		t.t.Fatal(err)
	}
	_ = t.gate.Close() // a second close is Wait's
}

// wait returns the exit code; -1 if a signal ended it.
func (t *tool) wait() int {
	t.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- t.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-patience.OfEngine().Out(t.t.Context()):
		_ = t.Process.Kill()
		<-ended
		t.t.Fatalf("%s hangs:\n%s", t, t.output())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.t.Fatal(err)
	}
	return t.ProcessState.ExitCode()
}

func (t *tool) String() string { return "muster " + strings.Join(t.Args[4:], " ") }

func (t *tool) output() string { return t.out.String() }

// must runs muster undisturbed.
func (s *stack) must(version string, args ...string) {
	s.Helper()
	t := s.start(version, args...)
	t.release()
	if code := t.wait(); code != 0 {
		s.Fatalf("%s = %d:\n%s", t, code, t.output())
	}
}

func (s *stack) observe() engine.Observed {
	s.Helper()
	o, err := up.ObserveProject(s.Context(), s.engine, s.name)
	if err != nil {
		s.Fatal(err)
	}
	return o
}

func (s *stack) containers() []engine.Container {
	s.Helper()
	return s.observe().Containers
}

// noteVolumes remembers the anonymous volumes that the stack has now.
func (s *stack) noteVolumes() {
	s.Helper()
	for _, c := range s.containers() {
		for _, m := range c.Mounts {
			if m.Type == "volume" && len(m.Name) == 64 {
				s.anonymous[m.Name] = true
			}
		}
	}
}

// keptVolumes checks that a down without -v kept the anonymous volumes, as it
// should, and removes them: no later run has anything to do with them.
func (s *stack) keptVolumes() {
	s.Helper()
	all, err := s.engine.ListVolumes(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for name := range s.anonymous {
		if !slices.ContainsFunc(all, func(v engine.Volume) bool { return v.Name == name }) {
			s.Errorf("anonymous volume %s is lost", name)
		}
		if err := s.engine.RemoveVolume(s.Context(), name); err != nil {
			s.Error(err)
		}
	}
	clear(s.anonymous)
}

// gone checks that nothing of the stack is left; without volumes only they may be.
func (s *stack) gone(volumes bool) {
	s.Helper()
	o := s.observe()
	if len(o.Containers) > 0 || len(o.Networks) > 0 || volumes && len(o.Volumes) > 0 {
		s.Fatalf("left behind: %+v", o)
	}
	all, err := s.engine.ListVolumes(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, v := range all {
		if volumes && s.anonymous[v.Name] {
			s.Errorf("anonymous volume %s is left behind", v.Name)
		}
	}
}

func (s *stack) inStore(script string) string {
	s.Helper()
	i := slices.IndexFunc(s.containers(), func(c engine.Container) bool { return c.Service == "store" })
	if i < 0 {
		s.Fatal("no store")
	}
	r, err := s.engine.Exec(s.Context(), s.containers()[i].Ref, engine.ExecSpec{Command: []string{"sh", "-c", script}})
	if err != nil || r.ExitCode != 0 {
		s.Fatalf("%s = %d, %v: %s", script, r.ExitCode, err, r.Output)
	}
	return r.Output
}

func (s *stack) writeData() {
	s.Helper()
	s.inStore("echo named > /data/x; echo anonymous > /cache/x")
}

func (s *stack) checkData() {
	s.Helper()
	if got := s.inStore("cat /data/x /cache/x"); got != "named\nanonymous\n" {
		s.Errorf("data = %q, want both marks", got)
	}
}

func (s *stack) checkNamedData() {
	s.Helper()
	if got := s.inStore("cat /data/x"); got != "named\n" {
		s.Errorf("data = %q, want the mark", got)
	}
}

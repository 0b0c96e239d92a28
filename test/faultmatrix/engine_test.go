//go:build e2e

package faultmatrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// engine is a private dockerd: nobody else's containers are on it, and it may be
// killed. It lives in a network namespace of its own: an engine takes the bridge
// docker0 and the packet filter of its host for its own, and would break those of
// an engine that runs already.
type engine struct {
	t       *testing.T
	dir     string
	extra   []string // arguments of dockerd
	running *exec.Cmd
	ended   chan struct{} // closed when it has
	api     http.Client   // to ask without a process for each question
}

// images are what the rows run, taken from the engine that builds the tests' images.
var images = []string{"muster-test/busybox:1"}

// newEngine starts one and loads the images. It ends with the test.
func newEngine(t *testing.T, extra ...string) *engine {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a private engine needs root")
	}
	run := testrun.Current(t)
	dir, err := os.MkdirTemp("", "engine") // short: sockets lie in it
	if err != nil {
		t.Fatal(err)
	}
	run.Note("engine", dir)
	e := &engine{t: t, dir: dir, extra: extra}
	e.api.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", e.path("docker.sock"))
	}}
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
	ctx, cancel := patience.OfEngine().Context(e.t.Context())
	defer cancel()
	for ctx.Err() == nil {
		e.launch()
		up := false
		patience.OfEngine().Wait(ctx, func() bool {
			up = e.ask("/version", nil) == nil
			return up || e.gone()
		})
		if up {
			return
		}
	}
	e.t.Fatalf("dockerd does not start:\n%s", e.log())
}

// launch starts the process.
func (e *engine) launch() {
	e.t.Helper()
	_ = os.Remove(e.path("pid")) // of the one that was killed
	args := append([]string{
		"--net=" + e.path("net"), "dockerd", "-H", e.host(), "--data-root", e.path("data"), "--exec-root", e.path("exec"), "--pidfile", e.path("pid"),
		"--iptables=false", "--ip-masq=false",
	}, e.extra...)
	log, err := os.OpenFile(e.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close() // the engine has its own
	c, ended := exec.Command("nsenter", args...), make(chan struct{})
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		e.t.Fatal(err)
	}
	go func() { _ = c.Wait(); close(ended) }() // the exit code of a killed engine says nothing
	e.running, e.ended = c, ended
}

// gone reports whether the process has ended.
func (e *engine) gone() bool {
	select {
	case <-e.ended:
		return true
	default:
		return false
	}
}

func (e *engine) log() string {
	text, err := os.ReadFile(e.path("log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "")
}

// end sends the engine a signal and waits until it is gone.
func (e *engine) end(signal syscall.Signal) {
	e.t.Helper()
	if err := e.running.Process.Signal(signal); err != nil {
		e.t.Fatal(err)
	}
	select {
	case <-e.ended:
	case <-patience.OfEngine().Out(e.t.Context()):
		e.t.Fatalf("dockerd does not end on %v:\n%s", signal, e.log())
	}
}

// destroy leaves nothing of the engine behind.
func (e *engine) destroy() {
	if out, err := e.docker("ps", "-aq").Output(); err == nil && len(out) > 0 {
		_ = e.docker(append([]string{"rm", "-f"}, strings.Fields(string(out))...)...).Run()
	}
	testrun.RemoveEngine(e.dir)
}

// docker is the docker command line, another user of the engine.
func (e *engine) docker(args ...string) *exec.Cmd {
	c := exec.Command("docker", args...)
	c.Env = append(os.Environ(), "DOCKER_HOST="+e.host(), "DOCKER_CONTEXT=")
	return c
}

var errGone = errors.New("there is no such thing")

// ask gets something of the engine's API: into a value that is written by JSON, or
// as it is into a strings.Builder.
func (e *engine) ask(path string, into any) error {
	resp, err := e.api.Get("http://engine" + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return errGone
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	switch to := into.(type) {
	case nil:
		return nil
	case *strings.Builder:
		_, err = io.Copy(to, resp.Body)
		return err
	}
	d := json.NewDecoder(resp.Body)
	d.UseNumber()
	return d.Decode(into)
}

// inspect is a field of a container, named by its path: "State.Status". It is
// empty if the container is gone or has no such field.
func (e *engine) inspect(container, field string) string {
	var value any
	if e.ask("/containers/"+container+"/json", &value) != nil {
		return ""
	}
	for key := range strings.SplitSeq(field, ".") {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// runs counts how often the container's program began: each time it prints a line
// "run". There is none if the container is gone.
func (e *engine) runs(container string) int {
	var log strings.Builder
	_ = e.ask("/containers/"+container+"/logs?stdout=1", &log)
	return strings.Count(log.String(), "run\n")
}

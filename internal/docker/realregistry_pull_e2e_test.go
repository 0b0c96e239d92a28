//go:build e2e

package docker_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/testrun"
)

func ignore(engine.Progress) {}

// A real registry on the loopback address: push, and pull by tag and by digest.
func TestRealRegistry(t *testing.T) {
	r := newRealRegistry(t)
	e := dial(t)
	ref := r.image("muster-test/busybox:1", "team/app:1")
	if err := e.PushImage(t.Context(), engine.ImageRef{Ref: ref}, ignore); err != nil {
		t.Fatal(err)
	}
	byDigest := r.docker("inspect", "-f", "{{index .RepoDigests 0}}", ref)
	id := r.docker("inspect", "-f", "{{.Id}}", ref)
	for _, pulled := range []string{ref, byDigest} {
		remove(t, ref, byDigest)
		if err := e.PullImage(t.Context(), engine.ImageRef{Ref: pulled}, ignore); err != nil {
			t.Fatal(err)
		}
		if got := r.docker("inspect", "-f", "{{.Id}}", pulled); got != id {
			t.Errorf("%s is %s, want %s", pulled, got, id)
		}
	}
	name, _, _ := strings.Cut(byDigest, "@")
	wrong := name + "@sha256:" + strings.Repeat("0", 64)
	wants(t, e.PullImage(t.Context(), engine.ImageRef{Ref: wrong}, ignore), "pull "+wrong, r.host()+" has no such image")
	wants(t, e.PullImage(t.Context(), engine.ImageRef{Ref: r.host() + "/team/app:9"}, ignore), r.host()+" has no such image, tag or platform")
	wants(t, e.PushImage(t.Context(), engine.ImageRef{Ref: r.host() + "/team/none:1"}, ignore), "push "+r.host()+"/team/none:1", "does not exist locally")
	remove(t, byDigest)
}

// A registry behind TLS with a password: from the configuration file, from a
// credential helper, wrong, and missing.
func TestRealRegistryCredentials(t *testing.T) {
	r := newRealRegistry(t, withTLS()...)
	ref := r.image("muster-test/busybox:1", "team/app:1")
	image := engine.ImageRef{Ref: ref}
	anonymous := configured(t, `{}`)
	wants(t, anonymous.PushImage(t.Context(), image, ignore), "push "+ref, "requires credentials and none are stored: docker login "+r.host())
	wants(t, withCredentials(t, r.host(), "wrong").PushImage(t.Context(), image, ignore), "rejected the stored credentials: docker login "+r.host())
	if err := withCredentials(t, r.host(), "right").PushImage(t.Context(), image, ignore); err != nil {
		t.Fatal(err)
	}
	none := engine.ImageRef{Ref: r.host() + "/team/none:1"}
	wants(t, withCredentials(t, r.host(), "right").PullImage(t.Context(), none, ignore), r.host()+" has no such image, tag or platform: check the name")
	wants(t, anonymous.PullImage(t.Context(), image, ignore), "pull "+ref, "none are stored")
	wants(t, withCredentials(t, r.host(), "wrong").PullImage(t.Context(), image, ignore), "rejected the stored credentials")

	helpers := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nread -r host\n[ \"$1 $host\" = \"get %s\" ] && echo '{\"Username\": \"me\", \"Secret\": \"right\"}'\n", r.host())
	if err := os.WriteFile(filepath.Join(helpers, "docker-credential-muster"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", helpers+":"+os.Getenv("PATH"))
	for what, e := range map[string]*docker.Engine{
		"file":   withCredentials(t, r.host(), "right"),
		"helper": configured(t, fmt.Sprintf(`{"credHelpers": {%q: "muster"}}`, r.host())),
		"store":  configured(t, `{"credsStore": "muster"}`),
	} {
		remove(t, ref)
		if err := e.PullImage(t.Context(), image, ignore); err != nil {
			t.Errorf("credentials by %s: %v", what, err)
		}
	}
}

// configured is an engine with a configuration file of its own.
func configured(t *testing.T, config string) *docker.Engine {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv, ConfigDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// heavy makes an image with a layer that takes a while, and pushes it.
func heavy(t *testing.T, r *realRegistry) {
	t.Helper()
	dir := t.TempDir()
	noise := make([]byte, 2*largeBlob)
	_, _ = rand.Read(noise) // never fails
	for name, content := range map[string][]byte{"noise": noise, "Dockerfile": []byte("FROM muster-test/busybox:1\nCOPY noise /noise\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ref := r.host() + "/team/heavy:1"
	testrun.Current(t).Note("image", ref)
	build := exec.Command("docker", "build", "--quiet", "--tag", ref, dir)
	build.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if err := dial(t).PushImage(t.Context(), engine.ImageRef{Ref: ref}, ignore); err != nil {
		t.Fatal(err)
	}
	remove(t, ref)
}

// Two that pull the same image at once: the engine has it transferred once.
func TestRealRegistryOnePull(t *testing.T) {
	r := newRealRegistry(t)
	heavy(t, r)
	f := newFront(t, r)
	f.held = make(chan struct{})
	image := engine.ImageRef{Ref: f.address + "/team/heavy:1"}
	testrun.Current(t).Note("image", image.Ref)
	t.Cleanup(func() { r.docker("rmi", image.Ref) })
	var group errgroup.Group
	var begun sync.WaitGroup // both are told of the layers, of which the large one waits
	for range 2 {
		e := dial(t)
		begun.Add(1)
		var first sync.Once
		group.Go(func() error {
			defer first.Do(begun.Done)
			return e.PullImage(t.Context(), image, func(p engine.Progress) {
				if p.Parent == "Image "+image.Ref && p.ID != "" {
					first.Do(begun.Done)
				}
			})
		})
	}
	begun.Wait()
	close(f.held)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := f.blobs.Load(); n != 1 {
		t.Errorf("the large layer was transferred %d times", n)
	}
}

// The registry goes away in the middle of a layer and comes back: the pull goes
// on where it was.
func TestRealRegistryResumes(t *testing.T) {
	r := newRealRegistry(t)
	heavy(t, r)
	f := newFront(t, r)
	f.held = make(chan struct{})
	image := engine.ImageRef{Ref: f.address + "/team/heavy:1"}
	testrun.Current(t).Note("image", image.Ref)
	t.Cleanup(func() { r.docker("rmi", image.Ref) })
	done := make(chan error, 1)
	go func() { done <- dial(t).PullImage(t.Context(), image, ignore) }()
	select {
	case <-f.middle:
	case err := <-done:
		t.Fatalf("the pull ended before the registry did: %v", err)
	}
	_ = f.server.Close()
	close(f.held)
	r.docker("stop", "-t", "0", r.container)
	r.docker("start", r.container)
	r.answers()
	f.start()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if f.ranges.Load() == 0 || f.sent.Load() > 3*largeBlob {
		t.Errorf("%d requests went on in the middle, %d bytes were sent for a layer of %d", f.ranges.Load(), f.sent.Load(), 2*largeBlob)
	}
	content, err := exec.Command("docker", "run", "--rm", image.Ref, "cat", "/noise").Output()
	if err != nil || len(content) != 2*largeBlob || bytes.Equal(content[:64], make([]byte, 64)) {
		t.Errorf("the image holds %d bytes of %d, %v", len(content), 2*largeBlob, err)
	}
}

// A registry that is busy for longer than the engine has patience is asked again,
// after growing pauses. The engine keeps the header Retry-After to itself.
func TestRealRegistryBusy(t *testing.T) {
	r := newRealRegistry(t)
	ref := r.image("muster-test/busybox:1", "team/app:1")
	e := dial(t)
	if err := e.PushImage(t.Context(), engine.ImageRef{Ref: ref}, ignore); err != nil {
		t.Fatal(err)
	}
	f := newFront(t, r)
	f.refuse.Store(4) // more than the engine asks in one pull
	image := engine.ImageRef{Ref: f.address + "/team/app:1"}
	var pauses []string
	err := e.PullImage(t.Context(), image, func(p engine.Progress) {
		if p.Text == "Retrying" {
			pauses = append(pauses, p.Details)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	remove(t, image.Ref)
	if len(pauses) == 0 || !strings.Contains(pauses[0], "toomanyrequests") || f.refuse.Load() >= 0 {
		t.Errorf("pauses %q, %d refusals are left", pauses, f.refuse.Load())
	}
}

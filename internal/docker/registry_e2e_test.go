//go:build e2e

package docker_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/testrun"
)

// registry serves one image under demo/hello:1, as little of a registry as a
// pull needs. The first failures requests for its manifest are refused.
type registry struct {
	*httptest.Server
	password string // of user "me"; empty lets everybody in
	failures atomic.Int32
	status   int // of a failure
	retry    string
	objects  map[string][]byte
	manifest []byte
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	var layer bytes.Buffer
	zip := gzip.NewWriter(&layer)
	archive := tar.NewWriter(zip)
	content := fmt.Appendf(nil, "hello from %d", os.Getpid())
	err := errors.Join(
		archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "hello", Size: int64(len(content)), Mode: 0o644}),
		func() error { _, err := archive.Write(content); return err }(),
		archive.Close(), zip.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	r := &registry{objects: map[string][]byte{}, status: http.StatusServiceUnavailable}
	unzipped, err := gzip.NewReader(bytes.NewReader(layer.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(unzipped); err != nil {
		t.Fatal(err)
	}
	config := fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","config":{"Cmd":["/hello"]},"rootfs":{"type":"layers","diff_ids":[%q]}}`, digest(plain.Bytes()))
	r.manifest = fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
		"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":%q},
		"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":%d,"digest":%q}]}`,
		len(config), digest(config), layer.Len(), digest(layer.Bytes()))
	r.objects[digest(config)], r.objects[digest(layer.Bytes())] = config, layer.Bytes()
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func digest(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

func (r *registry) host() string { return strings.TrimPrefix(r.URL, "http://") }

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	if user, password, _ := req.BasicAuth(); r.password != "" && (user != "me" || password != r.password) {
		w.Header().Set("Www-Authenticate", `Basic realm="demo"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		return
	}
	switch path := req.URL.Path; {
	case path == "/v2/":
	case strings.HasPrefix(path, "/v2/demo/hello/manifests/"):
		if r.failures.Add(-1) >= 0 {
			if r.retry != "" {
				w.Header().Set("Retry-After", r.retry)
			}
			refuse(w, r.status, "TOOMANYREQUESTS", "try again, retry-after: "+r.retry)
			return
		}
		if tag := filepath.Base(path); tag != "1" && tag != digest(r.manifest) {
			refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
			return
		}
		w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
		w.Header().Set("Docker-Content-Digest", digest(r.manifest))
		_, _ = w.Write(r.manifest)
	case r.objects[filepath.Base(path)] != nil:
		_, _ = w.Write(r.objects[filepath.Base(path)])
	default:
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
	}
}

func refuse(w http.ResponseWriter, status int, code, msg string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": code, "message": msg}}})
}

// withCredentials is an engine whose configuration holds a password.
func withCredentials(t *testing.T, host, password string) *docker.Engine {
	t.Helper()
	dir := t.TempDir()
	auth := base64.StdEncoding.EncodeToString([]byte("me:" + password))
	text := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, auth)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := docker.Connect(docker.Options{Getenv: os.Getenv, ConfigDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPull(t *testing.T) {
	r := newRegistry(t)
	e := dial(t)
	ref := engine.ImageRef{Ref: r.host() + "/demo/hello:1"}
	testrun.Current(t).Note("image", ref.Ref)
	t.Cleanup(func() {
		if err := e.RemoveImage(context.Background(), ref.Ref); err != nil {
			t.Error(err)
		}
	})
	r.failures.Store(4) // more than the engine asks in one pull
	var layers, retries int
	err := e.PullImage(t.Context(), ref, func(p engine.Progress) {
		switch {
		case p.Text == "Retrying":
			retries++
		case p.Parent == "Image "+ref.Ref && p.ID != "" && p.Phase == engine.Done:
			layers++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if layers != 1 || retries == 0 {
		t.Errorf("%d layers done after %d retries, want 1 after some", layers, retries)
	}
	byDigest := r.host() + "/demo/hello@" + digest(r.manifest)
	images, err := e.ListImages(t.Context(), []engine.ImageRef{
		ref, {Ref: byDigest}, {Ref: r.host() + "/demo/none:1"}, {Ref: ref.Ref, Platform: "linux/amd64", Age: true},
		{Ref: r.host() + "/demo/none:1", Platform: "linux/arm64"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != 3 || images[0].Ref != ref.Ref || images[1].Ref != ref.Ref || images[1].Wanted != "linux/amd64" || images[2].Ref != byDigest ||
		images[0].ID != images[1].ID || images[0].ID != images[2].ID {
		t.Fatalf("images = %+v, want %s, the same for linux/amd64, and %s", images, ref.Ref, byDigest)
	}
	if short := strings.TrimPrefix(images[0].ID, "sha256:")[:12]; short != "" {
		for _, id := range []string{images[0].ID, short} {
			if by, err := e.ListImages(t.Context(), []engine.ImageRef{{Ref: id}}); err != nil || len(by) != 1 || by[0].ID != images[0].ID {
				t.Errorf("by ID %s: %+v, %v", id, by, err)
			}
		}
	}
	if other, err := e.ListImages(t.Context(), []engine.ImageRef{{Ref: ref.Ref, Platform: "linux/arm64"}}); err != nil || len(other) != 0 {
		t.Errorf("for another platform: %+v, %v; want none", other, err)
	}
}

func TestPullErrors(t *testing.T) {
	r := newRegistry(t)
	closed := newRegistry(t)
	closed.password = "right"
	quiet := func(engine.Progress) {}
	for _, tc := range []struct {
		name   string
		engine *docker.Engine
		ref    string
		want   []string
		kind   error
	}{
		{"no such tag", dial(t), r.host() + "/demo/hello:2", []string{"pull " + r.host() + "/demo/hello:2", "no such image, tag or platform"}, engine.ErrNotFound},
		{"no such name", dial(t), r.host() + "/demo/none:1", []string{r.host(), "check the name"}, engine.ErrNotFound},
		{"no credentials", dial(t), closed.host() + "/demo/hello:1", []string{"none are stored", "docker login " + closed.host()}, nil},
		{"wrong credentials", withCredentials(t, closed.host(), "wrong"), closed.host() + "/demo/hello:1", []string{"rejected the stored credentials"}, nil},
		{"no registry", dial(t), "127.0.0.1:1/demo/hello:1", []string{"the engine cannot reach registry 127.0.0.1:1", "connection refused"}, nil},
		{"no reference", dial(t), "Not A Reference", []string{"not an image reference"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := tc.engine.PullImage(t.Context(), engine.ImageRef{Ref: tc.ref}, quiet)
			if err == nil {
				t.Fatal("no error")
			}
			for _, text := range tc.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q does not say %q", err, text)
				}
			}
			if tc.kind != nil && !errors.Is(err, tc.kind) {
				t.Errorf("error %q is not %v", err, tc.kind)
			}
		})
	}
}

func TestPullWithCredentials(t *testing.T) {
	r := newRegistry(t)
	r.password = "right"
	e := withCredentials(t, r.host(), "right")
	ref := r.host() + "/demo/hello:1"
	testrun.Current(t).Note("image", ref)
	if err := e.PullImage(t.Context(), engine.ImageRef{Ref: ref}, func(engine.Progress) {}); err != nil {
		t.Fatal(err)
	}
	if err := e.RemoveImage(t.Context(), ref); err != nil {
		t.Error(err)
	}
	if err := e.RemoveImage(t.Context(), ref); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
}

//go:build e2e

package docker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// realRegistry is Debian's registry in a container of its own. It listens on the
// loopback address, where engines take any certificate.
type realRegistry struct {
	t         *testing.T
	container string
	port      int
	dir       string // mounted at /conf
}

func newRealRegistry(t *testing.T, environment ...string) *realRegistry {
	t.Helper()
	port := testrun.FreePort()
	r := &realRegistry{t: t, container: testrun.Current(t).Name(fmt.Sprint("registry-", port)), port: port}
	r.dir = t.TempDir()
	if err := os.Chmod(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.prepare()
	args := []string{"run", "-d", "--name", r.container, "-p", fmt.Sprintf("127.0.0.1:%d:5000", r.port), "-v", r.dir + ":/conf:ro"}
	for _, e := range environment {
		args = append(args, "-e", e)
	}
	r.docker(append(args, "muster-test/registry:2")...)
	t.Cleanup(func() { r.docker("rm", "-f", "-v", r.container) })
	r.answers()
	return r
}

func (r *realRegistry) host() string { return fmt.Sprintf("127.0.0.1:%d", r.port) }

// docker prepares and checks with the engine's own client.
func (r *realRegistry) docker(args ...string) string {
	r.t.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *realRegistry) answers() {
	r.t.Helper()
	if !patience.OfEngine().Wait(r.t.Context(), func() bool {
		c, err := net.Dial("tcp", r.host())
		if err != nil {
			return false
		}
		defer c.Close()
		// The port's proxy accepts before the registry does, and then closes. One that
		// says nothing is asked again, however long it takes: half of it may be up.
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(c, "GET /v2/ HTTP/1.0\r\n\r\n")
		n, _ := c.Read(make([]byte, 1))
		return n == 1
	}) {
		r.t.Fatalf("the registry does not answer: %s", r.docker("logs", r.container))
	}
}

// image tags a test image for the registry and returns its reference.
func (r *realRegistry) image(from, name string) string {
	r.t.Helper()
	ref := r.host() + "/" + name
	testrun.Current(r.t).Note("image", ref)
	r.docker("tag", from, ref)
	r.t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", ref).Run() }) // the test may have removed it
	return ref
}

// prepare writes a certificate and a password file, for registries that want them.
func (r *realRegistry) prepare() {
	r.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "registry"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		r.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		r.t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		r.t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		"htpasswd": fmt.Appendf(nil, "me:%s\n", hash),
	} {
		if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// withTLS are the settings of a registry with a certificate and a password.
func withTLS() []string {
	return []string{
		"REGISTRY_HTTP_TLS_CERTIFICATE=/conf/cert.pem", "REGISTRY_HTTP_TLS_KEY=/conf/key.pem",
		"REGISTRY_AUTH=htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM=muster", "REGISTRY_AUTH_HTPASSWD_PATH=/conf/htpasswd",
	}
}

// front is a proxy before a registry, which can hold, break and refuse.
type front struct {
	t       *testing.T
	proxy   *httputil.ReverseProxy
	address string
	server  *http.Server
	refuse  atomic.Int32  // so many requests get 429
	blobs   atomic.Int32  // large blobs that were asked for
	ranges  atomic.Int32  // of them, those that went on in the middle
	sent    atomic.Int64  // bytes of large blobs
	held    chan struct{} // large blobs wait for its end in the middle; nil if they do not
	middle  chan struct{} // closed when the first one waits
}

// largeBlob is more than what else is transferred.
const largeBlob = 4 << 20

func newFront(t *testing.T, behind *realRegistry) *front {
	t.Helper()
	target := &url.URL{Scheme: "http", Host: behind.host()}
	f := &front{t: t, proxy: httputil.NewSingleHostReverseProxy(target), address: fmt.Sprintf("127.0.0.1:%d", testrun.FreePort()), middle: make(chan struct{})}
	f.proxy.ErrorLog = nil
	f.start()
	t.Cleanup(func() { _ = f.server.Close() })
	return f
}

func (f *front) start() {
	f.t.Helper()
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		f.t.Fatal(err)
	}
	f.server = &http.Server{Handler: f}
	go func(s *http.Server) { _ = s.Serve(listener) }(f.server) // ends when closed
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "/manifests/") && f.refuse.Add(-1) >= 0 {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", "slow down")
		return
	}
	if strings.Contains(r.URL.Path, "/blobs/") && r.Method == http.MethodGet {
		w = &blobWriter{ResponseWriter: w, front: f, resumes: r.Header.Get("Range") != ""}
	}
	f.proxy.ServeHTTP(w, r)
}

// blobWriter counts large blobs, and holds them.
type blobWriter struct {
	http.ResponseWriter
	front   *front
	resumes bool
	large   bool
	sent    int
}

func (b *blobWriter) WriteHeader(status int) {
	var length int
	_, _ = fmt.Sscan(b.Header().Get("Content-Length"), &length) // none is no large one
	if b.large = length >= largeBlob || b.resumes; b.large {
		b.front.blobs.Add(1)
	}
	if b.resumes {
		b.front.ranges.Add(1)
	}
	b.ResponseWriter.WriteHeader(status)
}

func (b *blobWriter) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p)
	if !b.large {
		return n, err
	}
	b.front.sent.Add(int64(n))
	if b.sent += n; b.sent > 1<<20 && b.sent-n <= 1<<20 && b.front.held != nil {
		if b.front.blobs.Load() == 1 {
			close(b.front.middle)
		}
		<-b.front.held
	}
	return n, err
}

// Flush lets the proxy hand on what it has.
func (b *blobWriter) Flush() { _ = http.NewResponseController(b.ResponseWriter).Flush() }

// remove takes an image away, so that it has to be pulled again.
func remove(t *testing.T, refs ...string) {
	t.Helper()
	e := dial(t)
	for _, ref := range refs {
		if err := e.RemoveImage(context.Background(), ref); err != nil {
			t.Fatal(err)
		}
	}
}

func wants(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one that says %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

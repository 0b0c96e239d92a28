package docker

import (
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// env makes a lookup function of K=V.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == name {
				return v
			}
		}
		return ""
	}
}

// configDir has the contexts far (tcp) and near (unix), and a current context.
func configDir(t *testing.T, current string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"config.json": fmt.Sprintf(`{"currentContext": %q}`, current)}
	for name, host := range map[string]string{"far": "tcp://far.example:2375", "near": "unix:///near.sock"} {
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
		files["contexts/meta/"+sum+"/meta.json"] = fmt.Sprintf(`{"Name": %q, "Metadata": {}, "Endpoints": {"docker": {"Host": %q, "SkipTLSVerify": false}}}`, name, host)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEndpoint(t *testing.T) {
	dir, plain := configDir(t, "near"), configDir(t, "")
	for _, tc := range []struct {
		name     string
		opt      Options
		host     string // or the error
		local    bool
		insecure bool
	}{
		{name: "default", opt: Options{ConfigDir: plain}, host: client.DefaultDockerHost, local: true},
		{name: "no configuration", opt: Options{ConfigDir: "/made/up"}, host: client.DefaultDockerHost, local: true},
		{name: "current context", opt: Options{ConfigDir: dir}, host: "unix:///near.sock", local: true},
		{name: "DOCKER_CONTEXT", opt: Options{ConfigDir: dir, Getenv: env("DOCKER_CONTEXT=far")}, host: "tcp://far.example:2375", insecure: true},
		{name: "DOCKER_HOST beats contexts", opt: Options{ConfigDir: dir, Getenv: env("DOCKER_HOST=unix:///x", "DOCKER_CONTEXT=far")}, host: "unix:///x", local: true},
		{name: "--context beats DOCKER_HOST", opt: Options{ConfigDir: dir, Context: "far", Getenv: env("DOCKER_HOST=unix:///x")}, host: "tcp://far.example:2375", insecure: true},
		{name: "--context default", opt: Options{ConfigDir: dir, Context: "default"}, host: client.DefaultDockerHost, local: true},
		{name: "--host beats all", opt: Options{ConfigDir: dir, Host: "tcp://127.0.0.1:1", Getenv: env("DOCKER_HOST=unix:///x")}, host: "tcp://127.0.0.1:1"},
		{name: "DOCKER_CONFIG", opt: Options{Getenv: env("DOCKER_CONFIG=" + dir)}, host: "unix:///near.sock", local: true},
		{name: "home", opt: Options{Getenv: env("HOME=/made/up")}, host: client.DefaultDockerHost, local: true},
		{name: "ssh", opt: Options{ConfigDir: plain, Host: "ssh://me@there"}, host: "ssh://me@there"},
		{name: "no scheme", opt: Options{ConfigDir: plain, Host: "there:2375"}, host: "tcp://there:2375", insecure: true},
		{name: "both", opt: Options{ConfigDir: dir, Host: "unix:///x", Context: "far"}, host: "both host"},
		{name: "unknown context", opt: Options{ConfigDir: dir, Context: "nowhere"}, host: "use docker context nowhere: "},
		{name: "no certificates", opt: Options{ConfigDir: plain, Host: "tcp://x:1", TLSVerify: true, CACert: "/made/up.pem"}, host: "read TLS certificates: open /made/up.pem"},
		{name: "bad ssh", opt: Options{ConfigDir: plain, Host: "ssh://me:secret@there"}, host: "use engine at ssh://me:xxxxx@there: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := Connect(tc.opt)
			if err != nil {
				if !strings.HasPrefix(err.Error(), tc.host) {
					t.Errorf("error = %v, want %s", err, tc.host)
				}
				return
			}
			if is := e.Identity(); is.Host != tc.host || is.Local != tc.local || e.endpoint.plaintext() != tc.insecure {
				t.Errorf("host %s, local %t, insecure %t; want %s, %t, %t", is.Host, is.Local, e.endpoint.plaintext(), tc.host, tc.local, tc.insecure)
			}
		})
	}
}

// answering is an engine that answers the API version and whatever else mux does.
func answering(t *testing.T, api string, mux *http.ServeMux) *httptest.Server {
	t.Helper()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Api-Version", api)
		w.Header().Set("Ostype", "linux")
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	return s
}

func TestTLS(t *testing.T) {
	s := answering(t, "1.45", http.NewServeMux())
	s.StartTLS()
	host := "tcp://" + strings.TrimPrefix(s.URL, "https://")
	certs := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(certs, "ca.pem"), ca, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		opt  Options
		want string
	}{
		{"trusted", Options{Getenv: env("DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+certs)}, ""},
		{"trusted by flags", Options{TLSVerify: true, CACert: filepath.Join(certs, "ca.pem")}, ""},
		{"not verified", Options{TLS: true}, ""},
		{"not trusted", Options{TLSVerify: true}, "no trusted connection to the engine at " + host},
		{"without TLS", Options{}, "disagree on TLS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.opt.Host, tc.opt.ConfigDir = host, t.TempDir()
			e, err := Connect(tc.opt)
			if err != nil {
				t.Fatal(err)
			}
			err = e.Ping(t.Context())
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestNegotiation(t *testing.T) {
	for _, tc := range []struct {
		engine, forced, want string
		kind                 error
	}{
		{engine: "1.41", want: "1.41"},
		{engine: "1.47", want: "1.47"},
		{engine: "1.99", want: "1.51"},
		{engine: "1.47", forced: "1.44", want: "1.44"},
		{engine: "1.40", kind: engine.ErrUnsupported},
		{engine: "", kind: engine.ErrUnsupported},
	} {
		s := answering(t, tc.engine, http.NewServeMux())
		s.Start()
		e, err := Connect(Options{Host: "tcp://" + strings.TrimPrefix(s.URL, "http://"), ConfigDir: t.TempDir(), Getenv: env("DOCKER_API_VERSION=" + tc.forced)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.APIVersion(t.Context())
		if got != tc.want || !errors.Is(err, tc.kind) {
			t.Errorf("engine %s, forced %q: %s, %v; want %s, %v", tc.engine, tc.forced, got, err, tc.want, tc.kind)
		}
	}
}

func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	locked := filepath.Join(dir, "file.sock")
	if err := os.WriteFile(locked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"unix://" + dir + "/none.sock": "no engine at unix://" + dir + "/none.sock (no such socket): start Docker, or name another",
		"unix://" + locked:             "no engine at unix://" + locked + " (connection refused): start Docker",
		"tcp://127.0.0.1:1":            "no engine at tcp://127.0.0.1:1 (connection refused)",
		"tcp://host.invalid:1":         "cannot resolve host tcp://host.invalid:1",
	} {
		e, err := Connect(Options{Host: host, ConfigDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.ListNetworks(t.Context())
		if !errors.Is(err, engine.ErrUnreachable) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error = %v, want one line with %q", err, want)
		}
	}
}

package docker

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/cli/cli/connhelper"
	dockercontext "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/sockets"
	"golang.org/x/net/http/httpproxy"

	"github.com/musterdev/muster/internal/hostfile"
)

// endpoint is where and how to reach an engine.
type endpoint struct {
	host      string // as given, for people: ssh://me@there
	dial      string // what the client is told: differs from host for ssh only
	local     bool   // a socket of this machine: its clock is ours
	socket    string // its path, if it is a Unix socket
	transport *http.Transport
}

// maxIdle keeps one connection for each call that a busy plan has in flight,
// so that a burst of calls does not dial anew each time.
const maxIdle = 64

func (s settings) endpoint() (endpoint, error) {
	name, err := s.contextName()
	if err != nil {
		return endpoint{}, err
	}
	if name != "" {
		return s.contextEndpoint(name)
	}
	host := cmp.Or(s.Host, s.Getenv("DOCKER_HOST"), client.DefaultDockerHost)
	conf, err := s.tlsConfig()
	if err != nil {
		return endpoint{}, err
	}
	return s.newEndpoint(host, conf)
}

func (s settings) contextEndpoint(name string) (endpoint, error) {
	contexts := store.New(filepath.Join(s.ConfigDir, "contexts"), store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(dockercontext.DockerEndpoint, func() any { return &dockercontext.EndpointMeta{} }),
	))
	meta, err := contexts.GetMetadata(name)
	if err != nil {
		return endpoint{}, fmt.Errorf("use docker context %s: %w", name, err)
	}
	described, err := dockercontext.EndpointFromContext(meta)
	if err != nil {
		return endpoint{}, fmt.Errorf("use docker context %s: %w", name, err)
	}
	full, err := dockercontext.WithTLSData(contexts, name, described)
	if err != nil {
		return endpoint{}, fmt.Errorf("use docker context %s: read its certificates: %w", name, err)
	}
	var conf *tls.Config
	if full.TLSData != nil || full.SkipTLSVerify {
		var ca, cert, key []byte
		if full.TLSData != nil {
			ca, cert, key = full.TLSData.CA, full.TLSData.Cert, full.TLSData.Key
		}
		if conf, err = newTLS(ca, cert, key, !full.SkipTLSVerify); err != nil {
			return endpoint{}, fmt.Errorf("use docker context %s: %w", name, err)
		}
	}
	return s.newEndpoint(cmp.Or(full.Host, client.DefaultDockerHost), conf)
}

// tlsConfig reads the certificates that flags and environment name; nil means
// that TLS is not asked for.
func (s settings) tlsConfig() (*tls.Config, error) {
	verify := s.TLSVerify || s.Getenv("DOCKER_TLS_VERIFY") != ""
	if !verify && !s.TLS && s.Getenv("DOCKER_TLS") == "" {
		return nil, nil
	}
	dir := cmp.Or(s.Getenv("DOCKER_CERT_PATH"), s.ConfigDir)
	read := func(given, name string) ([]byte, error) {
		b, err := hostfile.Read(cmp.Or(given, filepath.Join(dir, name)), maxSmallFile)
		if errors.Is(err, os.ErrNotExist) && given == "" {
			return nil, nil // a client without that file is fine
		}
		return b, err
	}
	ca, errCA := read(s.CACert, "ca.pem")
	cert, errCert := read(s.Cert, "cert.pem")
	key, errKey := read(s.Key, "key.pem")
	if err := errors.Join(errCA, errCert, errKey); err != nil {
		return nil, fmt.Errorf("read TLS certificates: %w", err)
	}
	return newTLS(ca, cert, key, verify)
}

func newTLS(ca, cert, key []byte, verify bool) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !verify}
	if len(ca) > 0 {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("read TLS certificates: the authority's holds no certificate in PEM form")
		}
	}
	if len(cert) > 0 && len(key) > 0 {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("read TLS certificates: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

func (s settings) newEndpoint(host string, conf *tls.Config) (endpoint, error) {
	if !strings.Contains(host, "://") { // as the docker command line reads it
		host = "tcp://" + host
	}
	ep := endpoint{host: redacted(host), dial: host, transport: &http.Transport{
		MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: 30 * time.Second,
	}}
	helper, err := connhelper.GetConnectionHelper(host)
	if err != nil {
		return endpoint{}, fmt.Errorf("use engine at %s: %w", ep.host, err)
	}
	if helper != nil {
		ep.dial, ep.transport.DialContext = helper.Host, helper.Dialer
		return ep, nil
	}
	u, err := client.ParseHostURL(host)
	if err != nil {
		return endpoint{}, fmt.Errorf("use engine at %s: want unix:///path, tcp://host:port or ssh://user@host", ep.host)
	}
	if ep.local = u.Scheme == "unix" || u.Scheme == "npipe"; ep.local {
		if err := sockets.ConfigureTransport(ep.transport, u.Scheme, u.Host); err != nil {
			return endpoint{}, fmt.Errorf("use engine at %s: %w", ep.host, err)
		}
		if u.Scheme == "unix" {
			ep.socket = u.Host
		}
		return ep, nil
	}
	proxy := s.proxies().ProxyFunc()
	ep.transport.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	ep.transport.DialContext = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	ep.transport.TLSClientConfig = conf
	return ep, nil
}

// redacted hides a password in an address that is shown.
func redacted(host string) string {
	if u, err := url.Parse(host); err == nil && u.User != nil {
		return u.Redacted()
	}
	return host
}

// proxies are those of the environment, for engines reached over TCP.
func (s settings) proxies() *httpproxy.Config {
	get := func(name string) string { return cmp.Or(s.Getenv(name), s.Getenv(strings.ToLower(name))) }
	return &httpproxy.Config{HTTPProxy: get("HTTP_PROXY"), HTTPSProxy: get("HTTPS_PROXY"), NoProxy: get("NO_PROXY")}
}

// plaintext reports whether calls leave this machine unencrypted.
func (ep endpoint) plaintext() bool {
	u, err := url.Parse(ep.host)
	if err != nil || u.Scheme != "tcp" || ep.transport.TLSClientConfig != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}

// base is the URL that API paths are appended to.
func (ep endpoint) base() (url.URL, error) {
	u, err := client.ParseHostURL(ep.dial)
	if err != nil {
		return url.URL{}, fmt.Errorf("use engine at %s: %w", ep.host, err)
	}
	switch {
	case ep.local:
		return url.URL{Scheme: "http", Host: client.DummyHost}, nil
	case ep.transport.TLSClientConfig != nil:
		return url.URL{Scheme: "https", Host: u.Host, Path: u.Path}, nil
	}
	return url.URL{Scheme: "http", Host: u.Host, Path: u.Path}, nil
}

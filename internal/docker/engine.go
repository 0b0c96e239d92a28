package docker

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
	"github.com/musterdev/muster/project"
)

// minimumAPI is the oldest API version that is spoken: Docker Engine 20.10's.
const minimumAPI = "1.41"

// Engine is a Docker engine. It implements engine.Engine and is safe for
// concurrent use.
type Engine struct {
	settings settings
	endpoint endpoint
	base     url.URL
	client   *client.Client
	raw      *http.Client // for answers that the client cannot hand over as streams
	bulk     *http.Client // for long ones of them

	mu       sync.Mutex
	server   *server // what the engine told of itself; nil before the first call
	builders builders
	own      *ocispec.Platform // the engine's; nil before somebody asks
}

var _ engine.Engine = (*Engine)(nil)

// server is what the first answer of an engine tells.
type server struct {
	os   string        // linux or windows
	skew time.Duration // the engine's clock minus ours, known to a second
}

// Connect prepares calls to the engine that the options name. It does not talk
// to it yet: the first call does, and negotiates the API version.
func Connect(opt Options) (*Engine, error) {
	s := opt.settings()
	ep, err := s.endpoint()
	if err != nil {
		return nil, err
	}
	base, err := ep.base()
	if err != nil {
		return nil, err
	}
	opts := []client.Opt{
		client.WithHost(ep.dial),
		client.WithHTTPClient(&http.Client{Transport: ep.transport, CheckRedirect: client.CheckRedirect}),
		client.WithUserAgent(s.UserAgent),
	}
	if v := s.Getenv("DOCKER_API_VERSION"); v != "" {
		opts = append(opts, client.WithVersion(v))
	}
	c, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, fmt.Errorf("use engine at %s: %w", ep.host, err)
	}
	raw := &http.Client{Transport: ep.transport, CheckRedirect: client.CheckRedirect}
	bulk := raw
	if ep.socket != "" {
		if t := bulkTransport(ep.socket); t != nil {
			bulk = &http.Client{Transport: t, CheckRedirect: client.CheckRedirect}
		}
	}
	return &Engine{settings: s, endpoint: ep, base: base, client: c, raw: raw, bulk: bulk}, nil
}

// Close implements io.Closer.
func (e *Engine) Close() error {
	e.endpoint.transport.CloseIdleConnections()
	return nil
}

// Identity implements engine.Info. The clock is known to a second for remote
// engines and is never ahead.
func (e *Engine) Identity() engine.Identity {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := engine.Identity{Host: e.endpoint.host, Local: e.endpoint.local}
	if e.server != nil {
		id.Skew = e.server.skew
	}
	return id
}

// APIVersion is the API version that is spoken with the engine, which is asked
// for it once.
func (e *Engine) APIVersion(ctx context.Context) (string, error) {
	c, err := e.connected(ctx)
	if err != nil {
		return "", err
	}
	return c.ClientVersion(), nil
}

// Ping implements engine.Info.
func (e *Engine) Ping(ctx context.Context) error {
	_, err := e.connected(ctx)
	return err
}

// connected returns the client with its API version negotiated.
func (e *Engine) connected(ctx context.Context) (*client.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		return e.client, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, pingDeadline, errSilent)
	defer cancel()
	asked := time.Now()
	ping, header, err := e.ping(ctx)
	if err != nil {
		return nil, e.fail(ctx, "connect to the engine", err)
	}
	e.client.NegotiateAPIVersionPing(ping) // keeps a version set by hand
	if v := e.client.ClientVersion(); versions.LessThan(v, minimumAPI) {
		return nil, fmt.Errorf("connect to the engine: the engine at %s has API %s, but %s (Docker Engine 20.10) or newer is required: %w",
			e.endpoint.host, v, minimumAPI, engine.ErrUnsupported)
	}
	e.server = &server{os: ping.OSType}
	if date, err := http.ParseTime(header.Get("Date")); err == nil && !e.endpoint.local {
		e.server.skew = date.Sub(asked)
	}
	return e.client, nil
}

func (e *Engine) ping(ctx context.Context) (types.Ping, http.Header, error) {
	resp, err := e.send(ctx, http.MethodHead, "/_ping", nil, nil, nil)
	if _, answered := statusOf(err); answered { // some proxies refuse HEAD
		resp, err = e.send(ctx, http.MethodGet, "/_ping", nil, nil, nil)
	}
	if err != nil {
		return types.Ping{}, nil, err
	}
	defer drain(resp)
	return types.Ping{APIVersion: resp.Header.Get("Api-Version"), OSType: resp.Header.Get("Ostype")}, resp.Header, nil
}

// osType is the operating system of the engine's containers.
func (e *Engine) osType() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server == nil || e.server.os == "" {
		return "linux"
	}
	return e.server.os
}

// now is the time by the engine's clock.
func (e *Engine) now() time.Time { return e.Identity().Now() }

// versioned is the path of an API call in the negotiated version.
func versioned(c *client.Client, p string) string { return path.Join("/v"+c.ClientVersion(), p) }

// send does one request and returns the answer with its body open. An answer
// of 400 or more is a *responseError.
func (e *Engine) send(ctx context.Context, method, p string, query url.Values, header http.Header, body io.Reader) (*http.Response, error) {
	return e.sendBy(ctx, e.raw, method, p, query, header, body)
}

func (e *Engine) sendBy(ctx context.Context, by *http.Client, method, p string, query url.Values, header http.Header, body io.Reader) (*http.Response, error) {
	u := e.base
	u.Path, u.RawQuery = path.Join("/", u.Path, p), query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", e.settings.UserAgent)
	resp, err := by.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer drain(resp)
		return nil, newResponseError(resp)
	}
	return resp, nil
}

// drain lets the connection be used again, unless much is left to read.
func drain(resp *http.Response) {
	// Whatever is wrong with the rest of an answer does not matter any more.
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<10)
	_ = resp.Body.Close()
}

// Check implements engine.Info: first what has another effect than written, in
// file order, then every key that no container could be created with.
func (e *Engine) Check(ctx context.Context, p *project.Project) ([]engine.Finding, error) {
	c, err := e.connected(ctx)
	if err != nil {
		return nil, err
	}
	return append(request.Unsupported(p, c.ClientVersion(), e.osType()), request.Refused(p, c.ClientVersion(), e.osType())...), nil
}

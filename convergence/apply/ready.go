package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

const (
	// readyTimeout bounds one probe by address that does not say.
	readyTimeout = time.Second
	// unreachableAfter is how long a container's address may be out of reach
	// before the wait ends: a route does not come by itself.
	unreachableAfter = 10 * time.Second
)

// probe does the readiness check of x-muster.
func (w *wait) probe(ctx context.Context) (string, error) {
	if check := w.checks()[w.Ready.Kind]; check != nil {
		return check(ctx)
	}
	var kinds []string
	for _, k := range project.ReadyKinds() {
		kinds = append(kinds, k.Kind)
	}
	return "", fmt.Errorf("service %s: x-muster.ready declares none of %s", w.Service, strings.Join(kinds, ", "))
}

// checks are the checks of x-muster by their kinds, which are project.ReadyKinds.
func (w *wait) checks() map[string]func(context.Context) (string, error) {
	byAddress := func(probe func(ctx context.Context, address string) (bool, error)) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return w.probeAddress(ctx, probe) }
	}
	return map[string]func(context.Context) (string, error){
		"http": byAddress(func(ctx context.Context, address string) (bool, error) { return probeHTTP(ctx, address, *w.Ready) }),
		"tcp":  byAddress(probeTCP),
		"grpc": byAddress(probeGRPC),
		"log":  w.probeLog,
	}
}

// probeAddress probes a port of the container from here.
func (w *wait) probeAddress(ctx context.Context, probe func(context.Context, string) (bool, error)) (string, error) {
	var cut time.Time // since when nothing but "no way there" came back
	return w.densely(ctx, func(ctx context.Context) (bool, error) {
		limited, cancel := context.WithTimeout(ctx, cmp.Or(w.Ready.Timeout, readyTimeout))
		defer cancel()
		host, err := w.run.address(limited, w.container)
		if err != nil || host == "" {
			return false, unlessLost(ctx, err)
		}
		ok, err := probe(limited, net.JoinHostPort(host, strconv.Itoa(w.Ready.Port)))
		if !noRoute(err) {
			cut = time.Time{}
			return ok, nil
		}
		if cut.IsZero() {
			cut = time.Now()
		}
		if time.Since(cut) < unreachableAfter {
			return false, nil
		}
		return false, fmt.Errorf("x-muster.ready: the address of container %s (%s) is not reachable from this host: %w; "+
			"a check by address needs the engine's networks to be routed here, so use a healthcheck or a log pattern instead", w.container.Name, host, err)
	})
}

// unlessLost forgives an address that cannot be found out now: the container
// may be restarting. One without an address never gets one.
func unlessLost(ctx context.Context, err error) error {
	if errors.Is(err, errNoAddress) {
		return err
	}
	return context.Cause(ctx)
}

var errNoAddress = errors.New("x-muster.ready: the container has no network, so it cannot be checked by address")

// address is where the container can be reached from the engine's host; empty
// while it has none.
func (r *run) address(ctx context.Context, c engine.Ref) (string, error) {
	for range 8 { // containers that share another's network
		seen, err := r.engine.InspectContainer(ctx, c)
		if err != nil {
			return "", err
		}
		parent, shared := strings.CutPrefix(seen.NetworkMode, "container:")
		switch {
		case seen.NetworkMode == "host":
			return "127.0.0.1", nil
		case seen.NetworkMode == "none":
			return "", errNoAddress
		case shared:
			c = engine.Ref{ID: parent, Name: parent}
			continue
		}
		for _, n := range seen.Networks {
			if n.Address != "" {
				return n.Address, nil
			}
		}
		return "", nil
	}
	return "", errNoAddress
}

// noRoute reports whether the error says that there is no way to the address,
// rather than that nobody listens there yet.
func noRoute(err error) bool {
	var timeout net.Error
	return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) ||
		errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, errAnswered)
}

func probeTCP(ctx context.Context, address string) (bool, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false, err
	}
	return true, conn.Close()
}

// errAnswered marks errors that came after the connection stood.
var errAnswered = errors.New("connected, but no answer")

// probeAgent is who asks.
const probeAgent = "muster-ready"

// dialHTTP connects, and makes a transport for one request over the connection.
func dialHTTP(ctx context.Context, address string) (once *http.Transport, done func(), err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, nil, err
	}
	once = &http.Transport{
		DisableKeepAlives: true, MaxResponseHeaderBytes: mostOfHeader,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}
	return once, func() { once.CloseIdleConnections(); conn.Close() }, nil
}

// mostOfHeader bounds what a container may answer.
const mostOfHeader = 64 << 10

// stay follows no redirection: it is an answer.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func probeHTTP(ctx context.Context, address string, check project.Ready) (bool, error) {
	once, done, err := dialHTTP(ctx, address)
	if err != nil {
		return false, err
	}
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/"+strings.TrimPrefix(check.Path, "/"), nil)
	if err != nil {
		return false, fmt.Errorf("x-muster.ready.http.path %q: %w", check.Path, err)
	}
	req.Header.Set("User-Agent", probeAgent)
	resp, err := (&http.Client{Transport: once, CheckRedirect: stay}).Do(req)
	if err != nil {
		return false, errors.Join(errAnswered, err)
	}
	defer resp.Body.Close()
	if check.Status != 0 {
		return resp.StatusCode == check.Status, nil
	}
	return resp.StatusCode >= 200 && resp.StatusCode < 400, nil
}

// errMatched ends the reading of a log.
var errMatched = errors.New("matched")

// probeLog follows the log of the container's present run until a line matches.
func (w *wait) probeLog(ctx context.Context) (string, error) {
	close(w.probed) // lines come or do not: there is no first probe to wait for
	wanted, err := regexp.Compile(w.Ready.Pattern)
	if err != nil {
		return "", fmt.Errorf("x-muster.ready.log.pattern: %w", err)
	}
	for pause := probeMin; ; pause = min(pause*3/2, probeMax) {
		seen, err := w.run.engine.InspectContainer(ctx, w.container)
		if err == nil && seen.LogDriver == "none" {
			return "", fmt.Errorf("x-muster.ready.log: container %s has the logging driver none, whose log cannot be read", w.container.Name)
		}
		if err == nil && !seen.StartedAt.IsZero() {
			opt := engine.LogOptions{Follow: true, Since: seen.StartedAt.Format(time.RFC3339Nano), Tail: -1}
			err = w.run.engine.Logs(ctx, w.container, opt, func(l engine.LogLine) error {
				if wanted.Match(l.Text) {
					return errMatched
				}
				return nil
			})
		}
		switch {
		case errors.Is(err, errMatched):
			return "Healthy", nil
		case errors.Is(err, engine.ErrUnsupported):
			return "", fmt.Errorf("x-muster.ready.log: %w", err)
		}
		if err := sleep(ctx, pause); err != nil { // it ended, and may be restarted
			return "", err
		}
	}
}

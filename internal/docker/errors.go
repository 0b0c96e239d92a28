package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// errSilent ends calls that the engine accepted and does not answer.
var errSilent = errors.New("the engine does not answer")

// responseError is an error that the engine answered with.
type responseError struct {
	status     int // zero if the error came after the status
	msg        string
	retryAfter time.Duration
}

func newResponseError(resp *http.Response) *responseError {
	e := &responseError{status: resp.StatusCode, msg: responseMessage(resp)}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		e.retryAfter = time.Duration(s) * time.Second
	} else if at, err := http.ParseTime(resp.Header.Get("Retry-After")); err == nil {
		e.retryAfter = max(0, time.Until(at))
	}
	return e
}

func responseMessage(resp *http.Response) string {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || len(body) == 0 {
		return strings.ToLower(http.StatusText(resp.StatusCode))
	}
	var answer struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Message == "" {
		answer.Message = string(body)
	}
	return strings.TrimSpace(answer.Message)
}

func (e *responseError) Error() string { return engine.HidePasswords(e.msg) }

// statusOf is the HTTP status that the engine answered with, or the nearest to
// it that the client's error still tells.
func statusOf(err error) (int, bool) {
	if r := (*responseError)(nil); errors.As(err, &r) {
		return r.status, r.status != 0
	}
	for _, class := range []struct {
		status int
		is     func(error) bool
	}{
		{http.StatusNotFound, cerrdefs.IsNotFound},
		{http.StatusConflict, cerrdefs.IsConflict},
		{http.StatusNotImplemented, cerrdefs.IsNotImplemented},
		{http.StatusBadRequest, cerrdefs.IsInvalidArgument},
		{http.StatusInternalServerError, cerrdefs.IsInternal},
		{http.StatusServiceUnavailable, cerrdefs.IsUnavailable},
		{http.StatusUnauthorized, cerrdefs.IsUnauthorized},
		{http.StatusForbidden, cerrdefs.IsPermissionDenied},
	} {
		if class.is(err) {
			return class.status, true
		}
	}
	return 0, false
}

// callError is a failed call: what was being done to what, and why it failed.
type callError struct {
	doing string
	msg   string
	kind  error // one of convergence's, or nil
	cause error
}

func (e *callError) Error() string { return e.doing + ": " + e.msg }

func (e *callError) Unwrap() []error {
	if e.kind == nil {
		return []error{e.cause}
	}
	return []error{e.kind, e.cause}
}

// beingRemoved is what engines say of a container that is as good as gone: there is
// nothing to read of it, and an attach to it would never end.
const beingRemoved = "dead or marked for removal"

// fail makes the error of a call. ctx is the one that the call was given.
func (e *Engine) fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	var done *callError
	if errors.As(err, &done) || errors.Is(err, engine.ErrUnsupported) {
		return err // a call within this one failed and said so
	}
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errSilent) {
			msg := fmt.Sprintf("the engine at %s accepted the connection but did not respond", e.endpoint.host)
			return &callError{doing, msg, engine.ErrUnreachable, cause}
		}
		return &callError{doing, cause.Error(), nil, cause}
	}
	msg := engine.HidePasswords(strings.TrimPrefix(err.Error(), "Error response from daemon: "))
	if status, answered := statusOf(err); answered && !strings.Contains(msg, plainToTLS) {
		switch status {
		case http.StatusNotFound:
			return &callError{doing, msg, engine.ErrNotFound, err}
		case http.StatusConflict:
			if strings.Contains(msg, beingRemoved) {
				return &callError{doing, msg, engine.ErrNotFound, err}
			}
			return &callError{doing, msg, engine.ErrConflict, err}
		case http.StatusNotImplemented:
			return &callError{doing, msg, engine.ErrUnsupported, err}
		}
		return &callError{doing, msg, nil, err}
	}
	if why, lost := e.unreachable(err); lost {
		return &callError{doing, why, engine.ErrUnreachable, err}
	}
	return &callError{doing, msg, nil, err}
}

// plainToTLS is what a TLS server of Go answers to a client that uses none.
const plainToTLS = "HTTP request to an HTTPS server"

// unreachable says in one line why no engine can be talked to and what to do.
func (e *Engine) unreachable(err error) (string, bool) {
	host := e.endpoint.host
	const other = "or name another engine with DOCKER_HOST, --host or --context"
	var dns *net.DNSError
	var op *net.OpError
	switch text := err.Error(); {
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("no permission to use the engine at %s: run as root, join its group (usually docker), %s", host, other), true
	case errors.Is(err, os.ErrNotExist):
		return fmt.Sprintf("no engine at %s (no such socket): start Docker, %s", host, other), true
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("no engine at %s (connection refused): start Docker, %s", host, other), true
	case errors.As(err, &dns):
		return fmt.Sprintf("cannot resolve host %s (%s): check the name, %s", host, dns.Err, other), true
	case strings.Contains(text, "malformed HTTP response"), strings.Contains(text, "server gave HTTP response to HTTPS client"),
		strings.Contains(text, plainToTLS):
		return fmt.Sprintf("the engine at %s and this client disagree on TLS: check DOCKER_TLS_VERIFY and --tls", host), true
	case strings.Contains(text, "x509:"), strings.Contains(text, "tls:"):
		return fmt.Sprintf("no trusted connection to the engine at %s: %s", host, oneLine(innermost(err).Error())), true
	case dropped(err):
		return fmt.Sprintf("the connection to the engine at %s broke: %s", host, oneLine(innermost(err).Error())), true
	case errors.As(err, &op) && op.Op == "dial", client.IsErrConnectionFailed(err), strings.Contains(text, "ssh"):
		return fmt.Sprintf("cannot connect to the engine at %s: %s", host, oneLine(innermost(err).Error())), true
	}
	return "", false
}

// dropped reports whether the connection was lost while a call was under way,
// so that nobody knows whether it was done.
func dropped(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		(errors.As(err, &op) && op.Op != "dial")
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/distribution/reference"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Pulls and pushes are tried that often, with growing pauses, while the failure is one
// that passes: a broken connection, a registry that is busy or asks to wait.
const transferTries = 5

// maxPause is the longest pause before another try. A registry that asks for
// more is reported at once.
const maxPause = time.Minute

// PullImage implements engine.Images. The error says whether the name, the
// credentials, the registry or the network is the cause.
func (e *Engine) PullImage(ctx context.Context, ref engine.ImageRef, report func(engine.Progress)) error {
	named, err := reference.ParseNormalizedNamed(ref.Ref)
	if err != nil {
		return fmt.Errorf("pull %s: not an image reference: %w", ref.Ref, err)
	}
	if _, err := e.connected(ctx); err != nil {
		return err
	}
	given := e.credentials(registryOf(named))
	return e.tryAgain(ctx, "pull", named, ref.Ref, given, report, func() error { return e.pull(ctx, named, ref, given.auth, report) })
}

// tryAgain transfers an image until that succeeds or fails for good.
func (e *Engine) tryAgain(ctx context.Context, verb string, named reference.Named, ref string, given credentials, report func(engine.Progress), transfer func() error) error {
	for try := 1; ; try++ {
		err := transfer()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return e.fail(ctx, verb+" "+ref, err)
		}
		asked := retryAfter(err)
		if try == transferTries || !passing(err) || asked > maxPause {
			return e.registryError(ctx, verb, named, ref, given, err)
		}
		wait := pause(try, asked, rand.Float64())
		report(engine.Progress{
			ID: "Image " + ref, Phase: engine.Working, At: time.Now(),
			Text: "Retrying", Details: fmt.Sprintf("in %s: %s", wait.Round(100*time.Millisecond), oneLine(err.Error())),
		})
		select {
		case <-ctx.Done():
			return e.fail(ctx, verb+" "+ref, err)
		case <-time.After(wait):
		}
	}
}

// pause is half a second, doubled with each try and spread by half around it,
// but never less than what the registry asked for. spread is in [0,1).
func pause(try int, asked time.Duration, spread float64) time.Duration {
	base := 500 * time.Millisecond << (try - 1)
	wait := time.Duration(float64(base) * (0.5 + spread))
	return min(max(wait, asked), maxPause)
}

func (e *Engine) pull(ctx context.Context, named reference.Named, ref engine.ImageRef, auth string, report func(engine.Progress)) error {
	query := url.Values{"fromImage": {named.Name()}, "tag": {tagOf(named)}}
	if ref.Platform != "" && ref.Platform != project.NativePlatform {
		query.Set("platform", strings.ToLower(ref.Platform))
	}
	header := http.Header{}
	if auth != "" {
		header.Set("X-Registry-Auth", auth)
	}
	resp, err := e.send(ctx, http.MethodPost, versioned(e.client, "/images/create"), query, header, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return decodeMessages(resp.Body, func(m message) error {
		if m.ID != "" && !strings.HasPrefix(m.Status, "Pulling from ") {
			report(layerProgress(ref.Ref, m))
		}
		return nil
	})
}

// tagOf is a digest, which engines take for a tag, or the tag.
func tagOf(named reference.Named) string {
	if d, ok := named.(reference.Digested); ok {
		return d.Digest().String()
	}
	if t, ok := reference.TagNameOnly(named).(reference.Tagged); ok {
		return t.Tag()
	}
	return ""
}

func layerProgress(ref string, m message) engine.Progress {
	phase := engine.Working
	switch m.Status {
	case "Pull complete", "Already exists", "Layer already exists":
		phase = engine.Done
	}
	return engine.Progress{
		ID: m.ID, Parent: "Image " + ref, Phase: phase, Text: m.Status,
		Current: m.Progress.Current, Total: m.Progress.Total, At: time.Now(),
	}
}

// message is an element of the engine's progress streams.
type message struct {
	ID       string
	Status   string
	Stream   string // output of a build
	Progress struct {
		Current int64
		Total   int64
	} `json:"progressDetail"`
	ErrorDetail *struct {
		Code    int
		Message string
	}
	Error string
	Aux   json.RawMessage
}

// decodeMessages hands the elements of a progress stream over; an element that
// reports an error ends it with a *responseError.
func decodeMessages(r io.Reader, take func(message) error) error {
	dec := json.NewDecoder(r)
	for {
		var m message
		err := dec.Decode(&m)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return noEOF(err)
		}
		if m.ErrorDetail != nil && m.ErrorDetail.Message != "" {
			return &responseError{status: m.ErrorDetail.Code, msg: m.ErrorDetail.Message}
		}
		if m.Error != "" {
			return &responseError{msg: m.Error}
		}
		if err := take(m); err != nil {
			return err
		}
	}
}

// failure is what went wrong between the engine and a registry. Engines hand
// the registry's answer on as text, in words that differ between them.
type failure int

const (
	failedOtherwise failure = iota
	failedName
	failedCredentials
	failedBusy
	failedNetwork
)

// classify reads the cause out of the text of a failed pull.
func classify(err error) failure {
	text := strings.ToLower(err.Error())
	for _, class := range []struct {
		failure failure
		signs   []string
	}{
		{failedBusy, []string{"toomanyrequests", "too many requests", "rate limit", "429"}},
		{failedName, []string{"manifest unknown", "not found", "no matching manifest", "does not match the specified platform", "name unknown", "name_unknown", "repository does not exist", "invalid reference"}},
		{failedCredentials, []string{"unauthorized", "denied", "authentication required", "no basic auth", "forbidden"}},
		{failedNetwork, []string{
			"i/o timeout", "tls handshake timeout", "connection reset", "connection refused", "unexpected eof", "no such host",
			"temporary failure in name resolution", "server misbehaving", "network is unreachable", "no route to host",
			"context deadline exceeded", "client.timeout exceeded", "request canceled while waiting", "broken pipe", "server gave http response",
		}},
		{failedBusy, []string{"internal server error", "bad gateway", "service unavailable", "gateway timeout", "500 ", "502 ", "503 ", "504 "}},
	} {
		for _, sign := range class.signs {
			if strings.Contains(text, sign) {
				return class.failure
			}
		}
	}
	return failedOtherwise
}

// passing reports whether another try may go better.
func passing(err error) bool {
	text := strings.ToLower(err.Error())
	if strings.Contains(text, "server gave http response") || strings.Contains(text, "no such host") {
		return false
	}
	if dropped(err) {
		return true
	}
	if c := classify(err); c == failedBusy || c == failedNetwork {
		return true
	}
	status, _ := statusOf(err)
	return status == http.StatusServiceUnavailable || status == http.StatusBadGateway || status == http.StatusGatewayTimeout
}

// registryError words a failed pull or push for the person who has to act.
func (e *Engine) registryError(ctx context.Context, verb string, named reference.Named, ref string, given credentials, err error) error {
	host, doing := registryOf(named), verb+" "+ref
	if hiddenByPlain(err) {
		// Without credentials a registry that may do without TLS is asked by plain
		// HTTP after its refusal by TLS; what engines pass on is the answer to that.
		err = &responseError{status: http.StatusUnauthorized, msg: "unauthorized: authentication required"}
	}
	failed := e.fail(ctx, doing, err)
	if errors.Is(failed, engine.ErrUnreachable) {
		return failed // the engine is gone: no word about the registry
	}
	text := oneLine(err.Error())
	switch classify(err) {
	case failedName:
		msg := fmt.Sprintf("registry %s has no such image, tag or platform: check the name (%s)", host, text)
		if given.auth == "" {
			msg = fmt.Sprintf("registry %s has no such image, tag or platform, or requires credentials and %s: check the name, or docker login %s (%s)", host, given.missing(), host, text)
		}
		return &callError{doing, msg, engine.ErrNotFound, err}
	case failedCredentials:
		msg := fmt.Sprintf("registry %s requires credentials and %s: docker login %s (%s)", host, given.missing(), host, text)
		if given.auth != "" {
			msg = fmt.Sprintf("registry %s rejected the stored credentials: docker login %s (%s)", host, host, text)
		}
		return &callError{doing, msg, nil, err}
	case failedBusy:
		return &callError{doing, fmt.Sprintf("registry %s is busy or limits requests: try again later (%s)", host, text), nil, err}
	case failedNetwork:
		return &callError{doing, fmt.Sprintf("the engine cannot reach registry %s: check its network and proxy settings (%s)", host, text), nil, err}
	}
	return failed
}

// hiddenByPlain reports whether an engine that reached a registry by TLS tells of
// its second try, without TLS.
func hiddenByPlain(err error) bool {
	answer := (*responseError)(nil)
	return errors.As(err, &answer) && strings.Contains(answer.msg, plainToTLS)
}

// retryAfter is how long the engine or, in the words it passes on, the registry
// asks to wait; zero if neither does.
func retryAfter(err error) time.Duration {
	var r *responseError
	if errors.As(err, &r) && r.retryAfter > 0 {
		return r.retryAfter
	}
	m := regexp.MustCompile(`(?i)retry-after:?\s*([0-9.]+)(ns|us|µs|ms|s|m|h)?`).FindStringSubmatch(err.Error())
	if m == nil {
		return 0
	}
	unit := m[2]
	if unit == "" {
		unit = "s"
	}
	d, parseErr := time.ParseDuration(m[1] + unit)
	if parseErr != nil {
		return 0
	}
	return d
}

// oneLine folds an engine's message, which may have been meant for a terminal.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

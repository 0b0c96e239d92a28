package docker

import (
	"context"
	"net/http"
	"time"

	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// pingDeadline bounds the first contact.
const pingDeadline = 20 * time.Second

// kind says how long a call may take and whether it may be done again.
type kind struct {
	deadline time.Duration // none if zero
	tries    int
}

// The kinds of calls. Reads are repeated when the connection drops or the
// engine stumbles; what changes something is not, because nobody can know here
// whether it was done.
func read() kind   { return kind{deadline: time.Minute, tries: 3} }
func change() kind { return kind{deadline: 3 * time.Minute, tries: 1} }

// long calls end with the work they wait for: pulls, stops, creations that
// copy data.
func long() kind { return kind{tries: 1} }

// call does fn with the negotiated client, within the kind's bounds, and makes
// its error say what was being done.
func call[T any](ctx context.Context, e *Engine, k kind, doing string, fn func(context.Context, *client.Client) (T, error)) (T, error) {
	var zero T
	c, err := e.connected(ctx)
	if err != nil {
		return zero, err
	}
	for try := 1; ; try++ {
		v, err := attempt(ctx, e, k, doing, c, fn)
		if err == nil || try >= k.tries || !transient(err) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return zero, err
		case <-time.After(time.Duration(try*try) * 50 * time.Millisecond):
		}
	}
}

func attempt[T any](ctx context.Context, e *Engine, k kind, doing string, c *client.Client, fn func(context.Context, *client.Client) (T, error)) (T, error) {
	if k.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, k.deadline, errSilent)
		defer cancel()
	}
	v, err := fn(ctx, c)
	if err != nil {
		var zero T
		return zero, e.fail(ctx, doing, err)
	}
	return v, nil
}

// do is call for calls without an answer.
func (e *Engine) do(ctx context.Context, k kind, doing string, fn func(context.Context, *client.Client) error) error {
	_, err := call(ctx, e, k, doing, func(ctx context.Context, c *client.Client) (struct{}, error) {
		return struct{}{}, fn(ctx, c)
	})
	return err
}

// transient reports whether a read may succeed if it is done again at once.
func transient(err error) bool {
	if status, answered := statusOf(err); answered {
		switch status {
		case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	return dropped(err)
}

// doing words what is done to a container for errors.
func doing(verb string, c engine.Ref) string { return verb + " " + c.Name }

package docker

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/moby/term"

	"github.com/musterdev/muster/engine"
)

// usualDetachKeys leave a terminal session, as everywhere in Docker.
const usualDetachKeys = "ctrl-p,ctrl-q"

// detachKeys are the keys that leave a session: asked for, of config.json, or
// the usual ones.
func (e *Engine) detachKeys(asked string) (name string, keys []byte, err error) {
	name = cmp.Or(asked, e.settings.usable().DetachKeys, usualDetachKeys)
	if keys, err = term.ToBytes(name); err != nil {
		return "", nil, fmt.Errorf("detach keys %q: give characters or ctrl-a to ctrl-z, with commas between: %w", name, err)
	}
	return name, keys, nil
}

// ReadFrom implements io.ReaderFrom: it copies the standard input until it ends.
// It looks for the detach keys itself, although the engine does so too: only who
// saw them can tell a session that was left from one whose process ended.
func (s *stream) ReadFrom(input io.Reader) (int64, error) {
	if s.tty {
		input = term.NewEscapeProxy(input, s.leave)
	}
	n, err := io.Copy(s.Conn, input)
	if errors.As(err, new(term.EscapeError)) {
		err = engine.ErrDetached
	}
	return n, err
}

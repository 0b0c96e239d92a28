// Package builder says what an engine asks of a builder of images. Whoever
// connects to an engine hands one in: BuildKit is heavy, and programs that build
// nothing need not link it. It has no code of its own.
package builder

import (
	"context"
	"io"
	"net"

	"github.com/docker/cli/cli/config/configfile"

	"github.com/musterdev/muster/engine"
)

// Builder builds images.
type Builder interface {
	// Supported reports whether the engine's endpoint speaks the builder's protocol.
	Supported(ctx context.Context, d Dialer) bool
	// Reach waits until a builder elsewhere answers.
	Reach(ctx context.Context, r *Remote) error
	// Build builds the service's image, tags it with its names and reports
	// progress line by line. A failure shows the lines of the Dockerfile that failed
	// and the step's last output.
	Build(ctx context.Context, d Dialer, spec engine.BuildSpec, opt Options, report func(engine.Progress)) error
}

// Dialer opens the engine's endpoints that switch protocols.
type Dialer interface {
	DialHijack(ctx context.Context, url, proto string, meta map[string][]string) (net.Conn, error)
}

// Options are what a build needs beyond its BuildSpec.
type Options struct {
	// Config holds the registry credentials.
	Config *configfile.ConfigFile
	// Proxy are build arguments below all others.
	Proxy map[string]string
	// TempDir receives inline Dockerfiles; empty is the system's.
	TempDir string
	// Remote builds in place of the engine's own builder; nil is that one.
	Remote *Remote
}

// Remote is a builder that is not the engine's.
type Remote struct {
	Name string
	// Dial opens a connection that speaks the builder's protocol.
	Dial func(ctx context.Context) (net.Conn, error)
	// Load brings what was built, a docker archive, into the engine.
	Load func(ctx context.Context, archive io.Reader) error
}

// MaxText is the most that is read of a Dockerfile or an ignore file, in bytes.
const MaxText = 4 << 20

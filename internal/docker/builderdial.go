package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/builder"
)

// answerTime is how long a builder may take to answer: one that was stopped is started.
const answerTime = 30 * time.Second

// builders are those that were looked for, by the name of the flag: each is asked
// once whether it answers.
type builders struct {
	mu    sync.Mutex
	known map[string]func() *builder.Remote
}

// remoteBuilder is the builder that is to build the image; nil is the engine's
// own, and if another one was named, a warning says so and why.
func (e *Engine) remoteBuilder(ctx context.Context, spec engine.BuildSpec) *builder.Remote {
	e.builders.mu.Lock()
	find, known := e.builders.known[spec.Builder]
	if !known {
		find = sync.OnceValue(func() *builder.Remote { return e.findBuilder(ctx, spec.Builder) })
		if e.builders.known == nil {
			e.builders.known = map[string]func() *builder.Remote{}
		}
		e.builders.known[spec.Builder] = find
	}
	e.builders.mu.Unlock()
	remote := find()
	if remote != nil && len(spec.Service.BuildsOn) > 0 {
		e.unused(remote.Name, fmt.Errorf("service %s is built on images of other services (%s), which only the engine has", spec.Service.Name, strings.Join(spec.Service.BuildsOn, ", ")))
		return nil
	}
	return remote
}

func (e *Engine) unused(name string, why error) {
	e.settings.warn(fmt.Sprintf("not using builder %q: %v; using the engine's own BuildKit instead", name, why))
}

func (e *Engine) findBuilder(ctx context.Context, flag string) *builder.Remote {
	b, name, err := e.settings.chosenBuilder(flag, e.endpoint.host)
	if err != nil {
		e.unused(name, err)
	}
	if b == nil {
		return nil
	}
	remote := &builder.Remote{Name: name, Load: e.loadImage}
	if remote.Dial, err = e.builderDialer(ctx, b); err == nil {
		asked, cancel := context.WithTimeoutCause(ctx, answerTime, errors.New("it does not respond"))
		defer cancel()
		err = e.settings.Builder.Reach(asked, remote)
	}
	if err != nil {
		e.unused(name, err)
		return nil
	}
	return remote
}

// builderDialer is how the builder's first node is reached. A container that was
// stopped is started, as buildx does.
func (e *Engine) builderDialer(ctx context.Context, b *buildxBuilder) (func(context.Context) (net.Conn, error), error) {
	node := b.Nodes[0]
	switch b.Driver {
	case "docker-container":
		if strings.Contains(node.Endpoint, "://") && node.Endpoint != e.endpoint.host {
			return nil, fmt.Errorf("it runs on the engine at %s", redacted(node.Endpoint))
		}
		c := engine.Ref{Name: "buildx_buildkit_" + node.Name}
		seen, err := e.InspectContainer(ctx, c)
		switch {
		case errors.Is(err, engine.ErrNotFound):
			return nil, fmt.Errorf("its container %s does not exist: create it with docker buildx inspect --bootstrap %s", c.Name, b.Name)
		case err != nil:
			return nil, err
		case seen.State != engine.Running:
			if err := e.StartContainer(ctx, seen.Ref); err != nil {
				return nil, err
			}
		}
		return func(ctx context.Context) (net.Conn, error) { return e.dialStdio(ctx, c) }, nil
	case "remote":
		for _, secure := range []string{"cacert", "cert", "key"} {
			if node.DriverOpts[secure] != "" {
				return nil, fmt.Errorf("it requires TLS (%s), which is not supported", secure)
			}
		}
		network, address, found := strings.Cut(node.Endpoint, "://")
		if !found || network != "tcp" && network != "unix" {
			return nil, fmt.Errorf("its endpoint is %s, and only tcp:// and unix:// are supported", redacted(node.Endpoint))
		}
		return func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		}, nil
	}
	return nil, fmt.Errorf("its driver is %q, and only docker-container and remote are supported", b.Driver)
}

// dialStdio reaches BuildKit in a container by its own client.
func (e *Engine) dialStdio(ctx context.Context, c engine.Ref) (net.Conn, error) {
	spec := engine.ExecSpec{Command: []string{"buildctl", "dial-stdio"}}
	session, err := e.StartExec(context.WithoutCancel(ctx), c, spec, engine.SessionOptions{Stdin: true})
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	go func() {
		_, _ = io.Copy(session, theirs) // its end is told by the other direction
		_ = session.CloseWrite()
	}()
	go func() {
		_ = session.Copy(theirs, io.Discard) // BuildKit's own protocol tells what is wrong
		_ = session.Close()
		_ = theirs.Close() // whoever reads sees the end
	}()
	return ours, nil
}

// loadImage brings an image that was built elsewhere into the engine.
func (e *Engine) loadImage(ctx context.Context, archive io.Reader) error {
	return e.do(ctx, long(), "load the image", func(ctx context.Context, d *client.Client) error {
		content := body(ctx, archive)
		defer content.Close()
		answer, err := d.ImageLoad(ctx, content, client.ImageLoadWithQuiet(true))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		return decodeMessages(answer.Body, func(message) error { return nil })
	})
}

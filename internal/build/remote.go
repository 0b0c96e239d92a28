package build

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
)

// Remote is a BuildKit that is not the engine's.
type Remote struct {
	Name string
	// Dial opens a connection that speaks BuildKit's protocol.
	Dial func(ctx context.Context) (net.Conn, error)
	// Load brings what was built, a docker archive, into the engine.
	Load func(ctx context.Context, archive io.Reader) error
}

func (r *Remote) connect(ctx context.Context) (*client.Client, error) {
	return client.New(ctx, "", client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return r.Dial(ctx) }))
}

// Reach waits until the builder answers.
func (r *Remote) Reach(ctx context.Context) error {
	c, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	err = c.Wait(ctx)
	if err == nil {
		_, err = c.ListWorkers(ctx)
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// export is the image as an archive that is loaded while it is written. wait
// returns what loading came to, once the build has ended with err.
func (r *Remote) export(ctx context.Context, names []string) (entry client.ExportEntry, wait func(err error) error) {
	archive, w := io.Pipe()
	loaded := make(chan error, 1)
	began := make(chan struct{})
	entry = client.ExportEntry{
		Type:  client.ExporterDocker,
		Attrs: map[string]string{string(exptypes.OptKeyName): strings.Join(names, ",")},
		Output: func(map[string]string) (io.WriteCloser, error) {
			close(began)
			go func() {
				err := r.Load(ctx, archive)
				if err == nil {
					_, err = io.Copy(io.Discard, archive) // what fills up its last block
				}
				_ = archive.CloseWithError(err) // whoever writes must not wait
				loaded <- err
			}()
			return w, nil
		},
	}
	return entry, func(err error) error {
		_ = w.CloseWithError(err) // nil is the end; an archive that was written has had it
		select {
		case <-began:
		default:
			return err
		}
		if failed := <-loaded; failed != nil && err == nil {
			err = fmt.Errorf("builder %s: %w", r.Name, failed)
		}
		return err
	}
}

package build

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"

	"github.com/musterdev/muster/internal/builder"
)

func connectRemote(ctx context.Context, r *builder.Remote) (*client.Client, error) {
	return client.New(ctx, "", client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return r.Dial(ctx) }))
}

// Reach implements builder.Builder.
func (BuildKit) Reach(ctx context.Context, r *builder.Remote) error {
	c, err := connectRemote(ctx, r)
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

// exportTo is the image as an archive that is loaded while it is written. wait
// returns what loading came to, once the build has ended with err.
func exportTo(ctx context.Context, r *builder.Remote, names []string) (entry client.ExportEntry, wait func(err error) error) {
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

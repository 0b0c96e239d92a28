package build

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/musterdev/muster/internal/builder"

	controlapi "github.com/moby/buildkit/api/services/control"
	workerapi "github.com/moby/buildkit/api/types"
	"google.golang.org/grpc"
)

// control is a builder that says who works for it, and no more.
type control struct {
	controlapi.UnimplementedControlServer
	err error
}

func (c control) ListWorkers(context.Context, *controlapi.ListWorkersRequest) (*controlapi.ListWorkersResponse, error) {
	return &controlapi.ListWorkersResponse{Record: []*workerapi.WorkerRecord{{ID: "one"}}}, c.err
}

// TestReach: a builder is used if it answers in its own protocol.
func TestReach(t *testing.T) {
	for name, failure := range map[string]error{"it answers": nil, "it does not work": errors.New("no workers here")} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := grpc.NewServer()
			controlapi.RegisterControlServer(server, control{err: failure})
			go func() { _ = server.Serve(listener) }() // ends with Stop
			defer server.Stop()
			r := builder.Remote{Name: "mine", Dial: func(ctx context.Context) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "tcp", listener.Addr().String())
			}}
			err = BuildKit{}.Reach(t.Context(), &r)
			if failure == nil && err != nil || failure != nil && (err == nil || !strings.Contains(err.Error(), failure.Error())) {
				t.Errorf("err = %v, want %v", err, failure)
			}
		})
	}
}

// TestExportIsLoadedWhileItIsWritten: the engine gets the archive as it comes,
// to its end; a build that fails fails the load, and a load that fails the build.
func TestExportIsLoadedWhileItIsWritten(t *testing.T) {
	broken, refused := errors.New("the build broke"), errors.New("no space left")
	for _, tc := range []struct {
		name        string
		build, load error
		began       bool
		want        error
	}{
		{"all is well", nil, nil, true, nil},
		{"the build fails early", broken, nil, false, broken},
		{"the build fails late", broken, nil, true, broken},
		{"the load fails", nil, refused, true, refused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got string
			r := builder.Remote{Name: "mine", Load: func(_ context.Context, archive io.Reader) error {
				if tc.load != nil {
					return tc.load
				}
				b, err := io.ReadAll(archive)
				got = string(b)
				return err
			}}
			entry, wait := exportTo(t.Context(), &r, []string{"a:1", "b:2"})
			if entry.Type != "docker" || entry.Attrs["name"] != "a:1,b:2" {
				t.Errorf("entry = %+v", entry)
			}
			if tc.began {
				w, err := entry.Output(nil)
				if err != nil {
					t.Fatal(err)
				}
				_, written := io.WriteString(w, "archive")
				if tc.load == nil && written != nil || tc.load != nil && !errors.Is(written, refused) {
					t.Errorf("write: %v", written)
				}
				if tc.build == nil {
					_ = w.Close()
				}
			}
			if err := wait(tc.build); !errors.Is(err, tc.want) || err == nil != (tc.want == nil) {
				t.Errorf("err = %v, want %v", err, tc.want)
			}
			if tc.want == nil && got != "archive" {
				t.Errorf("loaded %q", got)
			}
		})
	}
}

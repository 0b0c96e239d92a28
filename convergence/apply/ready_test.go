package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// oneContainer is an engine that knows of one container, on the host's network.
type oneContainer struct{ engine.Engine }

func (oneContainer) InspectContainer(context.Context, engine.Ref) (engine.Inspection, error) {
	return engine.Inspection{NetworkMode: "host"}, nil
}

func TestUnreachableAddressEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wait{
			Await:     plan.Await{Service: "web", Ready: &project.Ready{Kind: "tcp", Port: 80}},
			run:       &run{engine: oneContainer{}},
			container: engine.Ref{Name: "p-web-1"},
			probed:    make(chan struct{}),
		}
		began := time.Now()
		_, err := w.probeAddress(t.Context(), func(context.Context, string) (bool, error) {
			if time.Since(began) < 5*time.Second { // it listens, but refuses: there is a way
				return false, syscall.ECONNREFUSED
			}
			return false, fmt.Errorf("dial: %w", syscall.EHOSTUNREACH)
		})
		if err == nil || !strings.Contains(err.Error(), "the address of container p-web-1 (127.0.0.1) is not reachable from this host") {
			t.Errorf("error = %v", err)
		}
		if took := time.Since(began); took < 15*time.Second || took > 17*time.Second {
			t.Errorf("gave up after %s, want ten seconds without a way", took)
		}
	})
}

func TestNoRoute(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{syscall.ECONNREFUSED, false},
		{fmt.Errorf("dial tcp: %w", syscall.ENETUNREACH), true},
		{context.DeadlineExceeded, true}, // of a dial
		{errors.Join(errAnswered, context.DeadlineExceeded), false},
	} {
		if got := noRoute(tc.err); got != tc.want {
			t.Errorf("noRoute(%v) = %t, want %t", tc.err, got, tc.want)
		}
	}
}

// TestEveryReadyKindHasAProbe: what a file can declare can be carried out, and
// nothing else.
func TestEveryReadyKindHasAProbe(t *testing.T) {
	var kinds []string
	for _, k := range project.ReadyKinds() {
		kinds = append(kinds, k.Kind)
	}
	slices.Sort(kinds)
	w := &wait{Await: plan.Await{Ready: &project.Ready{}}}
	if probes := slices.Sorted(maps.Keys(w.checks())); !slices.Equal(probes, kinds) {
		t.Errorf("probes of %q, kinds %q", probes, kinds)
	}
}

// TestSilenceIsNoMissingRoute: whoever accepts and says nothing can be reached.
func TestSilenceIsNoMissingRoute(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, probe := range map[string]func(context.Context, string) (bool, error){
		"grpc": probeGRPC,
		"http": func(ctx context.Context, address string) (bool, error) {
			return probeHTTP(ctx, address, project.Ready{})
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if conn, err := silent.Accept(); err == nil {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 1))
			}
			cancel()
		}()
		if ok, err := probe(ctx, silent.Addr().String()); ok || !errors.Is(err, errAnswered) || noRoute(err) {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
}

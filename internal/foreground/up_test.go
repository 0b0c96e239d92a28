package foreground

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// TestRefusedUnchanged: what refuses the operation ends up with its error, before
// up asked the engine for anything itself.
func TestRefusedUnchanged(t *testing.T) {
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": {Name: "web", Image: "app"}}}})
	if err != nil {
		t.Fatal(err)
	}
	sc, err := NewScope(p, ScopeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e := memengine.New()
	t.Cleanup(e.Shutdown)
	refused := errors.New("refused")
	ran := 0
	code, err := Up(t.Context(), Options{
		Parts: Parts{
			Engine: e, Project: p, Printer: ui.NewPrinter(io.Discard, ui.Quiet, ui.PrinterOptions{}), Inform: func(string) {}, Out: io.Discard,
			Run: func(context.Context, operation.Operation) error { ran++; return refused },
		},
		Converge: operation.Operation{Name: "up", Project: "p", Want: p}, Scope: sc,
		Logs:        ui.NewLogs(io.Discard, io.Discard, ui.LogStyle{}),
		TakeSignals: func() (<-chan os.Signal, func()) { return nil, func() {} },
	})
	if code != 0 || err != refused || ran != 1 || len(e.Calls()) > 0 {
		t.Errorf("code %d, %v after %d operations and %v", code, err, ran, e.Calls())
	}
}

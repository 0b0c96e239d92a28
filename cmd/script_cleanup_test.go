package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cleanUp takes the script's project down, and removes what it built under any
// name, and what it made beside the project under names that begin with its.
func (w *world) cleanUp(env *testscript.Env, name string) {
	w.endAll()
	var out bytes.Buffer
	app := w.app(env.Vars, env.WorkDir)
	app.Out, app.Err = &out, &out
	if code := Main(app, []string{"-p", name, "down", "-v", "--remove-orphans", "--rmi", "local", "-t", "0"}); code != 0 {
		env.T().Log("cleaning up: " + out.String())
		env.T().FailNow()
	}
	ctx := context.Background()
	built, err := w.engine.ListBuiltImages(ctx, name)
	for _, m := range built {
		err = errors.Join(err, w.engine.RemoveImage(ctx, m.Ref))
	}
	if w.tidy != nil {
		err = errors.Join(err, w.tidy(name))
	}
	if err = errors.Join(err, w.removeBeside(ctx, name+"-")); err != nil {
		env.T().Fatal("cleaning up: ", err)
	}
}

// beside is what runs, or ran, in the background has said.
func (w *world) beside() string {
	const most = 4 << 10 // of each stream, its end
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w.running)) {
		b := w.running[name]
		out, _ := b.out.next()
		errs, _ := b.err.next()
		fmt.Fprintf(&text, "in the background, %s:\n[stdout]\n%s[stderr]\n%s\n", name, out[max(0, len(out)-most):], errs[max(0, len(errs)-most):])
	}
	return text.String()
}

// endAll ends what still runs in the background, after a failure.
func (w *world) endAll() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, b := range w.running {
		for range cap(b.signals) {
			select {
			case b.signals <- os.Interrupt:
			default:
			}
		}
		select {
		case <-b.done:
		case <-w.patience.Out(ctx): // it hangs, which the script has said
		}
	}
}

func (w *world) removeBeside(ctx context.Context, prefix string) error {
	networks, err := w.engine.ListNetworks(ctx)
	for _, n := range networks {
		if strings.HasPrefix(n.Name, prefix) {
			err = errors.Join(err, w.engine.RemoveNetwork(ctx, n.ID))
		}
	}
	volumes, failed := w.engine.ListVolumes(ctx)
	for _, v := range volumes {
		if strings.HasPrefix(v.Name, prefix) {
			failed = errors.Join(failed, w.engine.RemoveVolume(ctx, v.Name))
		}
	}
	return errors.Join(err, failed)
}

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
func (s *scriptRun) cleanUp(env *testscript.Env, name string) {
	s.endAll()
	var out bytes.Buffer
	app := s.app(env.Vars, env.WorkDir)
	app.Out, app.Err = &out, &out
	if code := Main(app, []string{"-p", name, "down", "-v", "--remove-orphans", "--rmi", "local", "-t", "0"}); code != 0 {
		env.T().Log("cleaning up: " + out.String())
		env.T().FailNow()
	}
	ctx := context.Background()
	built, err := s.engine.ListBuiltImages(ctx, name)
	for _, m := range built {
		err = errors.Join(err, s.engine.RemoveImage(ctx, m.Ref))
	}
	if s.tidy != nil {
		err = errors.Join(err, s.tidy(name))
	}
	if err = errors.Join(err, s.removeBeside(ctx, name+"-")); err != nil {
		env.T().Fatal("cleaning up: ", err)
	}
}

// beside is what runs, or ran, in the background has said.
func (s *scriptRun) beside() string {
	const most = 4 << 10 // of each stream, its end
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.running)) {
		b := s.running[name]
		out, _ := b.out.next()
		errs, _ := b.err.next()
		fmt.Fprintf(&text, "in the background, %s:\n[stdout]\n%s[stderr]\n%s\n", name, out[max(0, len(out)-most):], errs[max(0, len(errs)-most):])
	}
	return text.String()
}

// endAll ends what still runs in the background, after a failure.
func (s *scriptRun) endAll() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, b := range s.running {
		for range cap(b.signals) {
			select {
			case b.signals <- os.Interrupt:
			default:
			}
		}
		select {
		case <-b.done:
		case <-s.patience.Out(ctx): // it hangs, which the script has said
		}
	}
}

func (s *scriptRun) removeBeside(ctx context.Context, prefix string) error {
	networks, err := s.engine.ListNetworks(ctx)
	for _, n := range networks {
		if strings.HasPrefix(n.Name, prefix) {
			err = errors.Join(err, s.engine.RemoveNetwork(ctx, n.ID))
		}
	}
	volumes, failed := s.engine.ListVolumes(ctx)
	for _, v := range volumes {
		if strings.HasPrefix(v.Name, prefix) {
			failed = errors.Join(failed, s.engine.RemoveVolume(ctx, v.Name))
		}
	}
	return errors.Join(err, failed)
}

package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/engine"
)

// check refuses unknown filters and turns the known one into a status.
func (o *psOptions) check() error {
	if o.filter != "" {
		key, value, ok := strings.Cut(o.filter, "=")
		switch {
		case !ok:
			return fmt.Errorf("invalid filter %q: only status=VALUE is known", o.filter)
		case key == "source":
			return fmt.Errorf("filter source is not implemented")
		case key != "status":
			return fmt.Errorf("unknown filter %s: only status=VALUE is known", key)
		}
		o.status = append(o.status, value)
	}
	states := []string{"paused", "restarting", "removing", "running", "dead", "created", "exited"}
	for _, st := range o.status {
		if !slices.Contains(states, st) {
			return fmt.Errorf("unknown status %q: use %s", st, strings.Join(states, ", "))
		}
	}
	return nil
}

// shows reports whether the container is listed.
func (o psOptions) shows(t target, chosen choice, c engine.Container) bool {
	if !chosen.has(c.Service) {
		return false
	}
	if c.OneOff && !o.all && len(o.status) == 0 {
		return false
	}
	if !o.orphans && !t.declares(c) {
		return false
	}
	if len(o.status) > 0 {
		return slices.Contains(o.status, string(c.State))
	}
	return o.all || c.Up()
}

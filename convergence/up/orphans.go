package up

import (
	"strings"

	"github.com/musterdev/muster/engine"
)

// planOrphans removes the project's containers that no declared service stands
// for, or warns of them.
func (u *up) planOrphans() {
	var names []string
	for _, c := range u.have.Containers {
		if u.gone[c.ID] != "" || !u.isOrphan(c) {
			continue
		}
		if u.isOrphanToRemove(c) {
			u.doom(c, containerStepID(u.want.Name, c), nil, u.orphanReason(c), nil)
			continue
		}
		names = append(names, c.Name)
	}
	if len(names) > 0 && !u.opt.IgnoreOrphans {
		u.Warn("Found orphan containers ([%s]) for this project; --remove-orphans removes them", strings.Join(names, " "))
	}
}

// isOrphan reports whether the container belongs to no declared service, or is
// what is left of a `run` or of a pre_start hook.
func (u *up) isOrphan(c engine.Container) bool {
	switch {
	case engine.IsHook(c, u.have.Networks):
		return !engine.Alive(c)
	case !engine.Managed(c):
		return false
	case c.OneOff:
		return c.State == engine.Exited || c.State == engine.Dead
	}
	return !engine.Declares(u.want, c.Service)
}

func (u *up) isOrphanToRemove(c engine.Container) bool {
	m := u.have.Membership(c, u.want)
	return u.isOrphan(c) && (u.opt.RemoveOrphans || m.Role == engine.HookContainer && m.Declared)
}

func (u *up) orphanReason(c engine.Container) string {
	switch {
	case engine.IsHook(c, u.have.Networks):
		return "a hook container that was left behind"
	case c.OneOff:
		return "a finished one-off container"
	}
	return "no service " + c.Service + " is declared"
}

package project

import (
	"strings"

	"github.com/musterdev/muster/restartpolicy"
)

// OnlySupervised names what the service declares and no engine enforces by
// itself, as keys of the Compose file joined by commas: without a supervisor it
// has no effect. It is empty if the engine does everything.
func (s *Service) OnlySupervised() string {
	declared := func(name, value string) string {
		if label := s.Spec.Labels[LabelPrefix+name]; label != "" {
			return label
		}
		return value
	}
	var keys []string
	if s.Restart.Restarts() && s.Restart.Owner() == restartpolicy.Supervisor {
		keys = append(keys, "deploy.restart_policy")
	}
	switch restartpolicy.OnUnhealthy(declared("on_unhealthy", s.Muster.OnUnhealthy)) {
	case restartpolicy.RestartUnhealthy, restartpolicy.StopUnhealthy:
		keys = append(keys, ExtensionKey+".on_unhealthy")
	}
	switch restartpolicy.OnCrashLoop(declared("crash_loop", s.Muster.CrashLoop)) {
	case restartpolicy.BrakeCrashLoop, restartpolicy.EndCrashLoop:
		keys = append(keys, ExtensionKey+".crash_loop")
	}
	if restartpolicy.Cascade(declared("cascade", s.Muster.Cascade)) == restartpolicy.CascadeAlways {
		keys = append(keys, ExtensionKey+".cascade")
	}
	if s.Muster.Notify != nil {
		keys = append(keys, ExtensionKey+".notify")
	}
	return strings.Join(keys, ", ")
}

package project

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// OwnImage reports whether the pre_start hook runs another image than its service.
func (s *Service) OwnImage(h Hook) bool { return h.Image != "" && h.Image != s.Image }

// ForHook is the service as a pre_start hook runs it: on the same networks,
// with the same variables, configs and secrets, but the hook's command, without
// published ports, check and restarts. User and directory are the service's
// unless the hook has its own.
func (s *Service) ForHook(h Hook) *Service {
	hook := *s
	spec := s.Spec
	if s.OwnImage(h) {
		hook.Image, hook.Build, hook.PullPolicy = h.Image, false, ""
		spec.Image, spec.Build = h.Image, nil
	}
	spec.Entrypoint, spec.Command = nil, types.ShellCommand(h.Command)
	spec.User, spec.WorkingDir = cmp.Or(h.User, spec.User), cmp.Or(h.WorkingDir, spec.WorkingDir)
	spec.Privileged = spec.Privileged || h.Privileged
	spec.Environment = maps.Clone(spec.Environment)
	if spec.Environment == nil {
		spec.Environment = types.MappingWithEquals{}
	}
	for _, e := range h.Environment {
		k, v, _ := strings.Cut(e, "=")
		spec.Environment[k] = &v
	}
	// Anonymous volumes are those of the container that it runs beside.
	spec.Volumes = slices.DeleteFunc(slices.Clone(spec.Volumes), func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeVolume && v.Source == ""
	})
	spec.Ports, spec.Restart, spec.ContainerName, spec.Tty, spec.StdinOpen = nil, "", "", false, false
	spec.HealthCheck = &types.HealthCheckConfig{Disable: true}
	if spec.Deploy != nil {
		deploy := *spec.Deploy
		deploy.RestartPolicy = nil
		spec.Deploy = &deploy
	}
	hook.ContainerName, hook.Spec = "", spec
	return &hook
}

// WithVolumesOf is the service with all volumes of a container, by ID or name.
func (s *Service) WithVolumesOf(container string) *Service {
	with := *s
	with.Spec.VolumesFrom = append(slices.Clone(s.Spec.VolumesFrom), types.ContainerPrefix+container)
	return &with
}

// WithEnvironment is the service with variables set over its own.
func (s *Service) WithEnvironment(set map[string]string) *Service {
	with := *s
	with.Spec.Environment = maps.Clone(s.Spec.Environment)
	if with.Spec.Environment == nil {
		with.Spec.Environment = types.MappingWithEquals{}
	}
	for k, v := range set {
		with.Spec.Environment[k] = &v
	}
	return &with
}

package project

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Resolved is the service's Spec with the service: references that Docker
// Compose resolves before it hashes and creates replaced by containers:
// network_mode, ipc and pid become container:ID, volumes_from entries become
// ID[:mode]. ids is keyed by service; references without an entry stay.
func (s *Service) Resolved(ids map[string]string) types.ServiceConfig {
	spec := s.Spec
	for _, field := range []*string{&spec.NetworkMode, &spec.Ipc, &spec.Pid} {
		if service, ok := strings.CutPrefix(*field, types.ServicePrefix); ok && ids[service] != "" {
			*field = types.ContainerPrefix + ids[service]
		}
	}
	spec.VolumesFrom = slices.Clone(spec.VolumesFrom)
	for i, from := range spec.VolumesFrom {
		if container, ok := strings.CutPrefix(from, types.ContainerPrefix); ok {
			spec.VolumesFrom[i] = container
			continue
		}
		service, mode, hasMode := strings.Cut(from, ":")
		if ids[service] == "" {
			continue
		}
		spec.VolumesFrom[i] = ids[service]
		if hasMode {
			spec.VolumesFrom[i] += ":" + mode
		}
	}
	return spec
}

package creation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/project"
)

// ContainerLabels are the labels of a container of the service: its own, those
// of Docker Compose and ours. Image digests and the config hash of a service
// that joins other containers are added by CreateSpec.Complete.
func ContainerLabels(p *project.Project, s *project.Service, number int, oneOff bool) map[string]string {
	l := make(map[string]string, len(s.Spec.Labels)+16)
	maps.Copy(l, s.Spec.Labels)
	l[project.LabelProject] = p.Name
	l[project.LabelService] = s.Name
	l[project.LabelVersion] = project.ComposeVersion
	l[project.LabelWorkingDir] = p.Dir
	l[project.LabelConfigFiles] = strings.Join(p.Files, ",")
	if len(p.EnvFiles) > 0 {
		l[project.LabelEnvironmentFile] = strings.Join(p.EnvFiles, ",")
	}
	l[project.LabelOneOff] = "True"
	if !oneOff {
		l[project.LabelOneOff] = "False"
		l[project.LabelContainerNumber] = strconv.Itoa(number)
	}
	l[project.LabelConfigHash] = string(s.Hash)
	l[project.LabelDependsOn] = dependsOnLabel(s.DependsOn)
	if id := p.Key.ID(); id != "" {
		l[project.LabelKey] = id
		l[project.LabelSections] = project.FingerprintsLabel(s.Sections)
	}
	if len(s.Content) > 0 {
		l[project.LabelContent] = project.FingerprintsLabel(s.Content)
	}
	l[project.LabelPolicy] = s.Restart.String()
	l[project.LabelOwner] = s.Restart.Owner().String()
	return l
}

// NetworkLabels are the labels of a network that the project makes.
func NetworkLabels(p *project.Project, n *project.Network) map[string]string {
	l := maps.Clone(map[string]string(n.Spec.Labels))
	return objectLabels(l, p, project.LabelNetwork, n.Key, n.Hash)
}

// VolumeLabels are the labels of a volume that the project makes.
func VolumeLabels(p *project.Project, v *project.Volume) map[string]string {
	l := maps.Clone(map[string]string(v.Spec.Labels))
	return objectLabels(l, p, project.LabelVolume, v.Key, v.Hash)
}

func objectLabels(l map[string]string, p *project.Project, kind, key string, hash project.Fingerprint) map[string]string {
	if l == nil {
		l = map[string]string{}
	}
	l[project.LabelProject] = p.Name
	l[kind] = key
	l[project.LabelVersion] = project.ComposeVersion
	l[project.LabelConfigHash] = string(hash)
	return l
}

// dependsOnLabel is the comma list dep:condition:restart of Docker Compose.
func dependsOnLabel(deps []project.Dependency) string {
	parts := make([]string, len(deps))
	for i, d := range deps {
		parts[i] = fmt.Sprintf("%s:%s:%t", d.Service, d.Condition, d.Restart)
	}
	return strings.Join(parts, ",")
}

// ParseDependsOn reads what dependsOnLabel, Docker Compose, or an older Docker
// Compose (the bare service name) wrote. Malformed entries are left out.
func ParseDependsOn(label string) []project.Dependency {
	var deps []project.Dependency
	for entry := range strings.SplitSeq(label, ",") {
		fields := strings.Split(entry, ":")
		if fields[0] == "" || len(fields) > 3 {
			continue
		}
		d := project.Dependency{Service: fields[0], Condition: project.Started, Required: true}
		if len(fields) > 1 {
			d.Condition = project.Condition(cmp.Or(fields[1], string(project.Started)))
		}
		d.Restart = len(fields) == 3 && fields[2] == "true"
		deps = append(deps, d)
	}
	slices.SortFunc(deps, func(a, b project.Dependency) int { return strings.Compare(a.Service, b.Service) })
	return slices.CompactFunc(deps, func(a, b project.Dependency) bool { return a.Service == b.Service })
}

// BuildLabels are those that Docker Compose puts on images it builds.
func BuildLabels(p *project.Project, s *project.Service) map[string]string {
	return map[string]string{
		project.LabelProject: p.Name, project.LabelService: s.Name, project.LabelVersion: project.ComposeVersion,
	}
}

package project

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ContainerName is the engine's name of replica number n of the service: its
// container_name, or project, service and number joined by the separator.
func (p *Project) ContainerName(s *Service, n int) string {
	if s.ContainerName != "" {
		return s.ContainerName
	}
	return strings.Join([]string{p.Name, s.Name, strconv.Itoa(n)}, p.Separator)
}

// OneOffName is the name of a `run` container; slug is 64 hex digits, of which
// the first twelve are used.
func (p *Project) OneOffName(s *Service, slug string) string {
	return strings.Join([]string{p.Name, s.Name, "run", slug[:min(12, len(slug))]}, p.Separator)
}

// TemporaryName is the name that a container has between its creation as the
// successor of another and the removal of that one: the first twelve digits of
// the old container's ID before the final name.
func TemporaryName(oldID, final string) string {
	return oldID[:min(12, len(oldID))] + "_" + final
}

// FinalName undoes TemporaryName. ok is false for names of another shape.
func FinalName(name string) (final string, ok bool) {
	id, final, found := strings.Cut(name, "_")
	if !found || len(id) != 12 || strings.Trim(id, "0123456789abcdef") != "" || final == "" {
		return "", false
	}
	return final, true
}

// BuiltImage is the name of the image that a service with a build section and
// without an image gets.
func (p *Project) BuiltImage(service string) string { return p.Name + p.Separator + service }

func compareNames(a, b string) int { return strings.Compare(a, b) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

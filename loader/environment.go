package loader

import (
	"maps"
	"runtime"
	"strconv"
	"strings"

	"github.com/musterdev/muster/project"
)

// environment is the process environment with the env files under it. It
// remembers where every value came from.
type environment struct {
	values map[string]string
	// origins are the places that set a name, the winner first. A zero place
	// is the process environment.
	origins map[string][]project.Position
	read    map[string]bool // files that have been added
}

func newEnvironment(env []string) *environment {
	e := &environment{values: map[string]string{}, origins: map[string][]project.Position{}, read: map[string]bool{}}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if name == "" {
			continue // Windows keeps drive directories there
		}
		e.values[name] = value
		e.origins[name] = []project.Position{{}}
	}
	return e
}

// lookup finds a variable; on Windows the case of its name does not matter.
func (e *environment) lookup(name string) (string, bool) {
	v, ok := e.values[name]
	if ok || runtime.GOOS != "windows" {
		return v, ok
	}
	for _, k := range sortedKeys(e.values) {
		if strings.EqualFold(k, name) {
			return e.values[k], true
		}
	}
	return "", false
}

func (e *environment) clone() *environment {
	c := &environment{values: maps.Clone(e.values), origins: make(map[string][]project.Position, len(e.origins)), read: maps.Clone(e.read)}
	for name, places := range e.origins {
		c.origins[name] = append([]project.Position(nil), places...)
	}
	return c
}

// under puts values under those that are there, with the places that set each, the
// winner first.
func (e *environment) under(values map[string]string, origins map[string][]project.Position) {
	for name, value := range values {
		if _, set := e.values[name]; !set {
			e.values[name] = value
		}
		e.origins[name] = append(e.origins[name], origins[name]...)
	}
}

func parseBool(s string) bool {
	b, err := strconv.ParseBool(s)
	return b && err == nil || strings.EqualFold(s, "y")
}

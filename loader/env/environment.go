package env

import (
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/project"
)

// Environment is the process environment with the env files under it. It
// remembers where every value came from.
type Environment struct {
	Values map[string]string
	// Origins are the places that set a name, the winner first. A zero place
	// is the process environment.
	Origins map[string][]project.Position
	Read    map[string]bool // files that have been added
}

// New is the environment of the process, of lines K=V.
func New(env []string) *Environment {
	e := &Environment{Values: map[string]string{}, Origins: map[string][]project.Position{}, Read: map[string]bool{}}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if name == "" {
			continue // Windows keeps drive directories there
		}
		e.Values[name] = value
		e.Origins[name] = []project.Position{{}}
	}
	return e
}

// Lookup finds a variable; on Windows the case of its name does not matter.
func (e *Environment) Lookup(name string) (string, bool) {
	v, ok := e.Values[name]
	if ok || runtime.GOOS != "windows" {
		return v, ok
	}
	for _, k := range slices.Sorted(maps.Keys(e.Values)) {
		if strings.EqualFold(k, name) {
			return e.Values[k], true
		}
	}
	return "", false
}

// Clone is an environment of its own with the same values.
func (e *Environment) Clone() *Environment {
	c := &Environment{Values: maps.Clone(e.Values), Origins: make(map[string][]project.Position, len(e.Origins)), Read: maps.Clone(e.Read)}
	for name, places := range e.Origins {
		c.Origins[name] = append([]project.Position(nil), places...)
	}
	return c
}

// Under puts values under those that are there, with the places that set each, the
// winner first.
func (e *Environment) Under(values map[string]string, origins map[string][]project.Position) {
	for name, value := range values {
		if _, set := e.Values[name]; !set {
			e.Values[name] = value
		}
		e.Origins[name] = append(e.Origins[name], origins[name]...)
	}
}

// ParseBool reports whether a variable says yes.
func ParseBool(s string) bool {
	b, err := strconv.ParseBool(s)
	return b && err == nil || strings.EqualFold(s, "y")
}

package cmd

import (
	"fmt"
	"strconv"
	"strings"
)

// environment is the process's, with the project's .env under it once that has
// been read.
type environment struct {
	process map[string]string // of it alone
	all     map[string]string
}

func newEnvironment(process []string) *environment {
	e := &environment{process: map[string]string{}}
	for _, kv := range process {
		if k, v, ok := strings.Cut(kv, "="); ok {
			e.process[k] = v
		}
	}
	e.all = e.process
	return e
}

func (e *environment) get(name string) string { return e.all[name] }

// ofProcess is for what a .env file has no say in: which engine, whose key, where
// the locks are.
func (e *environment) ofProcess(name string) string { return e.process[name] }

// isTrue reads a switch as Docker Compose does: Go's words for true, and y.
func (e *environment) isTrue(name string) bool {
	v := e.get(name)
	if strings.EqualFold(v, "y") {
		return true
	}
	b, err := strconv.ParseBool(v)
	return err == nil && b
}

// menuWanted is COMPOSE_MENU, or yes if it is not set.
func (e *environment) menuWanted() bool {
	return e.get("COMPOSE_MENU") == "" || e.isTrue("COMPOSE_MENU")
}

// variables are K=V; a name alone takes its value from the project's
// environment. One that has none there takes the variable away.
func (e *environment) variables(list []string) []string {
	var out []string
	for _, kv := range list {
		if !strings.Contains(kv, "=") {
			if value, ok := e.all[kv]; ok {
				kv = fmt.Sprintf("%s=%s", kv, value)
			}
		}
		out = append(out, kv)
	}
	return out
}

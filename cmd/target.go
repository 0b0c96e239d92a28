package cmd

import (
	"fmt"
	"slices"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// target is the project that a command works on. Without a file it is known
// by its name and by what the engine's objects tell.
type target struct {
	name    string
	project *project.Project // nil if no file was loaded
}

// declares reports whether the given files declare the container's service;
// without files every one counts as declared.
func (t target) declares(c engine.Container) bool {
	return engine.Ours(c, nil, t.project).Declared
}

// meant are the services that a command is about that names these: where it names
// none all of the given files, and none at all where no file was loaded.
func (t target) meant(names []string) []string {
	if len(names) > 0 || t.project == nil {
		return names
	}
	for _, sv := range slices.Concat(t.project.Services, t.project.Disabled) {
		names = append(names, sv.Name)
	}
	return names
}

// warnOfHooks says which hooks of the named services, or of all, are not run
// because of what is wrong with them.
func warnOfHooks(c *console, t target, names []string) {
	if t.project == nil {
		return
	}
	for _, problem := range t.project.ProblemsOf("pre_start", "post_start", "pre_stop") {
		if problem.Attribute != "" && (len(names) == 0 || slices.Contains(names, problem.Service)) {
			c.printer.Warn(problem.Err.Error() + fmt.Sprintf("; %s of service %s is not running", problem.Attribute, problem.Service))
		}
	}
}

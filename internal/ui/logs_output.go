package ui

import (
	"fmt"
	"strings"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
)

// logName is the container's name before its lines: without the project's if
// it has the default name.
func logName(projectName string, c engine.Container) string {
	for _, sep := range []string{"-", "_"} {
		if short, ok := strings.CutPrefix(c.Name, projectName+sep); ok && strings.HasPrefix(short, c.Service+sep) {
			return short
		}
	}
	return c.Name
}

// LogNames are those of all of them.
func LogNames(projectName string, cs []engine.Container) []string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = logName(projectName, c)
	}
	return names
}

// Output prints a line, an exit or a remark of a container.
func (l *Logs) Output(o output.Output) error {
	name := logName(l.style.Project, o.Container)
	switch {
	case o.Exit != nil && o.Exit.Restarting:
		return l.notice(name, fmt.Sprintf("exited with code %d (restarting)", o.Exit.Code))
	case o.Exit != nil:
		return l.notice(name, fmt.Sprintf("exited with code %d", o.Exit.Code))
	case o.Note != "":
		return l.notice(name, o.Note)
	}
	return l.Line(name, o.Line)
}

package ui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// ProjectRow is a project as `ls` shows it.
type ProjectRow struct {
	Name        string
	Status      string
	ConfigFiles string
}

// ProjectTable is the table of `ls`, made of the containers of all projects.
func ProjectTable(cs []engine.Container) Table[ProjectRow] {
	t := Table[ProjectRow]{
		Header:   ProjectRow{Name: "NAME", Status: "STATUS", ConfigFiles: "CONFIG FILES"},
		Columns:  "{{.Name}}\t{{.Status}}\t{{.ConfigFiles}}",
		MinWidth: 20, Array: true,
	}
	states, files := map[string]map[string]int{}, map[string][]string{}
	for _, c := range cs {
		if states[c.Project] == nil {
			states[c.Project] = map[string]int{}
		}
		states[c.Project][string(c.State)]++
		for f := range strings.SplitSeq(c.Labels[project.LabelConfigFiles], ",") {
			if f != "" && !slices.Contains(files[c.Project], f) {
				files[c.Project] = append(files[c.Project], f)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		var parts []string
		for _, state := range slices.Sorted(maps.Keys(states[name])) {
			parts = append(parts, fmt.Sprintf("%s(%d)", state, states[name][state]))
		}
		row := ProjectRow{Name: name, Status: strings.Join(parts, ", "), ConfigFiles: cmp.Or(strings.Join(files[name], ","), "N/A")}
		t.Rows = append(t.Rows, row)
	}
	return t
}

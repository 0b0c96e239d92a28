package ui

import (
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// ProcessTable is the table of `top`: the service and the replica, then the
// columns of the engine's ps, the command last.
type ProcessTable struct {
	titles []string
	rows   []processRow
}

type processRow struct {
	service, number string
	cells           map[string]string
}

// Add adds a container's processes.
func (t *ProcessTable) Add(service, number string, titles []string, processes [][]string) {
	for _, title := range titles {
		if !slices.Contains(t.titles, title) {
			t.titles = append(t.titles, title)
		}
	}
	for _, p := range processes {
		row := processRow{service, number, map[string]string{}}
		for i, cell := range p {
			if i < len(titles) {
				row.cells[titles[i]] = cell
			}
		}
		t.rows = append(t.rows, row)
	}
}

// Print writes the table; cells without a value hold "-".
func (t *ProcessTable) Print(w io.Writer, terminal bool) error {
	titles := t.titles
	for _, command := range []string{"CMD", "COMMAND"} {
		if i := slices.Index(titles, command); i >= 0 {
			titles = append(slices.Delete(slices.Clone(titles), i, i+1), command)
		}
	}
	tab := tabwriter.NewWriter(w, 4, 1, 2, ' ', 0)
	lines := [][]string{append([]string{"SERVICE", "#"}, titles...)}
	for _, r := range t.rows {
		line := []string{r.service, r.number}
		for _, title := range titles {
			cell := r.cells[title]
			if cell == "" {
				cell = "-"
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		text := strings.Join(line, "\t")
		if terminal {
			for i := range line {
				line[i] = Escape(line[i])
			}
			text = strings.Join(line, "\t")
		}
		if _, err := io.WriteString(tab, text+"\n"); err != nil {
			return err
		}
	}
	return tab.Flush()
}

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
	service, container, number string
	cells                      map[string]string
}

// ProcessesOf are the processes of a container.
type ProcessesOf struct {
	Service   string
	Container string
	Number    string // of the replica; empty for a one-off
	Titles    []string
	Processes [][]string // in the columns of Titles
}

// Add adds a container's processes.
func (t *ProcessTable) Add(of ProcessesOf) {
	for _, title := range of.Titles {
		if !slices.Contains(t.titles, title) {
			t.titles = append(t.titles, title)
		}
	}
	for _, p := range of.Processes {
		row := processRow{of.Service, of.Container, of.Number, map[string]string{}}
		for i, cell := range p {
			if i < len(of.Titles) {
				row.cells[of.Titles[i]] = cell
			}
		}
		t.rows = append(t.rows, row)
	}
}

// Print writes the table; cells without a value hold "-".
func (t *ProcessTable) Print(w io.Writer) error {
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
		for i := range line {
			line[i] = Escape(line[i])
		}
		if _, err := io.WriteString(tab, strings.Join(line, "\t")+"\n"); err != nil {
			return err
		}
	}
	return tab.Flush()
}

// PrintJSON writes an object per process: Service, Container and Number, then
// the columns of the engine's ps by their titles.
func (t *ProcessTable) PrintJSON(w io.Writer) error {
	for _, r := range t.rows {
		object := map[string]string{"Service": r.service, "Container": r.container, "Number": r.number}
		for title, cell := range r.cells {
			object[title] = cell
		}
		if err := NewJSONEncoder(w).Encode(object); err != nil { // keys are sorted
			return err
		}
	}
	return nil
}

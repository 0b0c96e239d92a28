package ui

import (
	"fmt"
	"strings"

	"github.com/musterdev/muster/engine"
)

// StatsRow is a container's use of resources in the words of `docker stats`.
type StatsRow struct {
	BlockIO   string
	CPUPerc   string
	Container string
	ID        string
	MemPerc   string
	MemUsage  string
	Name      string
	NetIO     string
	PIDs      string
}

// Measured is a container and what was measured of it; not Valid while nothing was.
type Measured struct {
	engine.Container
	Stats engine.Stats
	Valid bool
}

// StatsTable shows measurements in the order given.
func StatsTable(all []Measured, noTrunc bool) Table[StatsRow] {
	t := Table[StatsRow]{
		Columns:  "{{.Container}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
		MinWidth: 10,
		Header: StatsRow{
			BlockIO: "BLOCK I/O", CPUPerc: "CPU %", Container: "CONTAINER ID", ID: "CONTAINER ID", MemPerc: "MEM %",
			MemUsage: "MEM USAGE / LIMIT", Name: "NAME", NetIO: "NET I/O", PIDs: "PIDS",
		},
	}
	for _, m := range all {
		t.Rows = append(t.Rows, statsRow(m, noTrunc))
	}
	return t
}

// StatsScreen is the table for a screen of that width: if not everything fits,
// names are shown without IDs. Zero is a width that is not known.
func StatsScreen(all []Measured, noTrunc bool, columns int) (string, error) {
	var b strings.Builder
	t := StatsTable(all, noTrunc)
	if err := t.Print(&b, ""); err != nil {
		return "", err
	}
	header, _, _ := strings.Cut(b.String(), "\n")
	if columns == 0 || width(strings.TrimRight(header, " ")) <= columns {
		return b.String(), nil
	}
	_, t.Columns, _ = strings.Cut(t.Columns, "\t")
	b.Reset()
	err := t.Print(&b, "")
	return b.String(), err
}

func statsRow(m Measured, noTrunc bool) StatsRow {
	id := m.ID
	if !noTrunc {
		id = id[:min(12, len(id))]
	}
	r := StatsRow{Container: id, ID: id, Name: m.Name, CPUPerc: "--", MemUsage: "-- / --", MemPerc: "--", NetIO: "--", BlockIO: "--", PIDs: "--"}
	if !m.Valid {
		return r
	}
	s := m.Stats
	r.CPUPerc = fmt.Sprintf("%.2f%%", s.CPUPercent)
	r.MemUsage = binaryBytes(s.Memory) + " / " + binaryBytes(s.MemoryLimit)
	r.MemPerc = "0.00%"
	if s.MemoryLimit > 0 {
		r.MemPerc = fmt.Sprintf("%.2f%%", float64(s.Memory)/float64(s.MemoryLimit)*100)
	}
	r.NetIO = byteSize(int64(s.NetRx)) + " / " + byteSize(int64(s.NetTx))
	r.BlockIO = byteSize(int64(s.BlockRead)) + " / " + byteSize(int64(s.BlockWrite))
	r.PIDs = fmt.Sprint(s.PIDs)
	return r
}

// binaryBytes is a size in powers of 1024 with four digits: 1.953MiB.
func binaryBytes(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	return fmt.Sprintf("%.4g%s", v, units[i])
}

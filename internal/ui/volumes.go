package ui

import (
	"strings"

	"github.com/musterdev/muster/engine"
)

// VolumeRow is a volume as `volumes` shows it. The fields are those of the
// Docker CLI; N/A stands for what is not looked up.
type VolumeRow struct {
	Availability string
	Driver       string
	Group        string
	Labels       string
	Links        string
	Mountpoint   string
	Name         string
	Scope        string
	Size         string
	Status       string

	labels map[string]string
	title  bool
}

// Label is the value of the volume's label, for templates.
func (r VolumeRow) Label(key string) string {
	if r.title {
		return strings.ToUpper(key[strings.LastIndexByte(key, '.')+1:])
	}
	return Escape(r.labels[key])
}

// VolumeTable is the table of `volumes`.
func VolumeTable(vs []engine.Volume) Table[VolumeRow] {
	t := Table[VolumeRow]{
		Header: VolumeRow{
			Availability: "AVAILABILITY", Driver: "DRIVER", Group: "GROUP", Labels: "LABELS", Links: "LINKS",
			Mountpoint: "MOUNTPOINT", Name: "VOLUME NAME", Scope: "SCOPE", Size: "SIZE", Status: "STATUS", title: true,
		},
		Columns: "{{.Driver}}\t{{.Name}}", MinWidth: 10,
		Raw: "name: {{.Name}}\ndriver: {{.Driver}}\n",
	}
	for _, v := range vs {
		r := VolumeRow{
			Availability: "N/A", Driver: v.Driver, Group: "N/A", Labels: labelList(v.Labels), Links: "N/A",
			Mountpoint: v.Mountpoint, Name: v.Name, Scope: v.Scope, Size: "N/A", Status: "N/A", labels: v.Labels,
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

package ui

import (
	"fmt"
	"strings"

	"github.com/musterdev/muster/loader"
)

// VariableRow is a variable of the Compose files.
type VariableRow struct {
	Name          string
	Required      string
	DefaultValue  string
	PresenceValue string
	Source        string // where its value comes from
	Beaten        string // where else it is set, without effect
}

// VariableTable lists variables, and says where their values come from and what
// those beat.
func VariableTable(all []loader.VariableInfo) Table[VariableRow] {
	t := Table[VariableRow]{
		Columns:  "{{.Name}}\t{{.Required}}\t{{.DefaultValue}}\t{{.PresenceValue}}\t{{.Source}}",
		MinWidth: 10, Array: true,
		Header: VariableRow{
			Name: "NAME", Required: "REQUIRED", DefaultValue: "DEFAULT VALUE", PresenceValue: "ALTERNATE VALUE",
			Source: "SOURCE", Beaten: "OVERRIDDEN",
		},
	}
	for _, v := range all {
		r := VariableRow{Name: v.Name, Required: fmt.Sprint(v.Required), DefaultValue: v.Default, PresenceValue: v.Presence, Source: v.From()}
		var beaten []string
		for _, p := range v.Beaten {
			beaten = append(beaten, p.String())
		}
		r.Beaten = strings.Join(beaten, ", ")
		t.Rows = append(t.Rows, r)
	}
	return t
}

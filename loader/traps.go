package loader

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// traps says where YAML makes something else of text than what is written, and
// that reaches a container, an image or the engine: 012 arrives as 10. What
// arrives is what arrives with Docker Compose. The values may be secret and are
// not part of the warnings. A place that many services share is named once.
type traps struct {
	warn func(Warning)
	said map[project.Position]bool
}

func (s *session) warnTraps(tree *node.Node, model *types.Project) {
	t := traps{s.warn, map[project.Position]bool{}}
	for _, section := range []string{"services", "networks", "volumes", "configs", "secrets"} {
		all := tree.Get(section)
		if all == nil {
			continue
		}
		for _, f := range all.Fields {
			if _, active := model.Services[f.Key]; section == "services" && !active {
				continue
			}
			path := section + "." + f.Key
			for _, keys := range textMappings[section] {
				t.texts(f.Node.At(keys...), path+"."+strings.Join(keys, "."))
			}
			if section == "services" {
				t.service(f.Node, path)
			}
		}
	}
}

// textMappings are the mappings of scalars that end as text.
var textMappings = map[string][][]string{
	"services": {
		{"environment"}, {"labels"}, {"annotations"}, {"sysctls"}, {"storage_opt"}, {"logging", "options"},
		{"build", "args"}, {"build", "labels"}, {"deploy", "labels"}, {"provider", "options"},
	},
	"networks": {{"labels"}, {"driver_opts"}, {"ipam", "options"}},
	"volumes":  {{"labels"}, {"driver_opts"}},
	"configs":  {{"labels"}},
	"secrets":  {{"labels"}},
}

func (t traps) service(n *node.Node, path string) {
	for _, key := range []string{"pre_start", "post_start", "pre_stop"} {
		eachItem(n.Get(key), path+"."+key, func(hook *node.Node, at string) { t.texts(hook.Get("environment"), at+".environment") })
	}
	for _, key := range []string{"expose", "group_add", "ports"} {
		eachItem(n.Get(key), path+"."+key, func(item *node.Node, at string) {
			t.text(item, at)
			t.text(item.Get("target"), at+".target")
			t.text(item.Get("published"), at+".published")
		})
	}
	for _, key := range []string{"configs", "secrets"} {
		eachItem(n.Get(key), path+"."+key, func(ref *node.Node, at string) { t.mode(ref, at) })
	}
	eachItem(n.Get("volumes"), path+".volumes", func(v *node.Node, at string) {
		t.mode(v.Get("tmpfs"), at+".tmpfs")
		t.texts(v.At("volume", "labels"), at+".volume.labels")
	})
	if networks := n.Get("networks"); networks != nil {
		for _, f := range networks.Fields {
			t.texts(f.Node.Get("driver_opts"), path+".networks."+f.Key+".driver_opts")
		}
	}
}

func eachItem(n *node.Node, path string, do func(item *node.Node, path string)) {
	if n == nil {
		return
	}
	for i, item := range n.Items {
		do(item, path+node.IndexElem(i))
	}
}

func (t traps) texts(n *node.Node, path string) {
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		t.text(f.Node, path+"."+f.Key)
	}
}

func (t traps) text(n *node.Node, path string) {
	if what := trap(n); what != "" {
		t.say(Warning{Pos: n.Pos, Path: path, Msg: what, Hint: "put it in quotes"})
	}
}

func (t traps) say(w Warning) {
	if !t.said[w.Pos] {
		t.said[w.Pos] = true
		t.warn(w)
	}
}

// trap is what YAML makes of a scalar that is to be text, if that is not what
// is written.
func trap(n *node.Node) string {
	if n == nil || n.Kind != node.Scalar || n.Value == nil || n.Expanded || fmt.Sprint(n.Value) == n.Text {
		return ""
	}
	digits := strings.ToLower(strings.TrimLeft(n.Text, "+-"))
	switch n.Value.(type) {
	case string:
		return ""
	case time.Time:
		return "is a date to YAML, and arrives as one with a time of day and a zone"
	case bool:
		return "is a boolean to YAML, and arrives in lower case"
	case float64:
		return "is a number to YAML, and arrives with other digits"
	}
	switch {
	case strings.HasPrefix(digits, "0x"):
		return "is a hexadecimal number to YAML, and arrives as a decimal one"
	case strings.HasPrefix(digits, "0b"):
		return "is a binary number to YAML, and arrives as a decimal one"
	case len(digits) > 1 && digits[0] == '0':
		return "is an octal number to YAML, and arrives as a decimal one"
	}
	return "is a number to YAML, and arrives with other digits"
}

// octalModes are modes that nobody means in decimal.
var octalModes = []string{
	"400", "440", "444", "600", "640", "644", "660", "664", "666", "700", "750", "755", "770", "775", "777", "1700", "1770", "1777",
}

// mode says that a mode without a zero in front is a decimal number.
func (t traps) mode(n *node.Node, path string) {
	mode := n.Get("mode")
	if mode == nil || mode.Kind != node.Scalar || mode.Quoted || !slices.Contains(octalModes, mode.Text) {
		return
	}
	if v, ok := mode.Value.(int); ok {
		t.say(Warning{Pos: mode.Pos, Path: path + ".mode", Msg: fmt.Sprintf("%s is a decimal number, in octal %#o", mode.Text, v), Hint: "write 0" + mode.Text})
	}
}

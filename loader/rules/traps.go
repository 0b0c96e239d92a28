package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/loader/node"
)

// changedText says where YAML makes something else of text than what is written,
// and that reaches a container, an image or the engine: 012 arrives as 10. What
// arrives is what arrives with Docker Compose. The values may be secret and are
// not part of the warnings.
func changedText(a *At) {
	if what := trap(a.Node); what != "" {
		a.once(what, a.rule.Fix)
	}
}

// once reports a place that many services share, by an anchor, once.
func (a *At) once(msg, hint string) {
	if !a.run.said[a.Node.Pos] {
		a.run.said[a.Node.Pos] = true
		a.point(a.Node.Pos, a.Path(), msg, hint)
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
		return "is read as a date by YAML, which adds a time and a zone"
	case bool:
		return "is read as a boolean by YAML, which changes it to lower case"
	case float64:
		return "is read as a number by YAML, which changes its digits"
	}
	switch {
	case strings.HasPrefix(digits, "0x"):
		return "is read as a hexadecimal number by YAML, which changes it to decimal"
	case strings.HasPrefix(digits, "0b"):
		return "is read as a binary number by YAML, which changes it to decimal"
	case len(digits) > 1 && digits[0] == '0':
		return "is read as an octal number by YAML, which changes it to decimal"
	}
	return "is read as a number by YAML, which changes its digits"
}

// octalModes are modes that nobody means in decimal.
var octalModes = []string{
	"400", "440", "444", "600", "640", "644", "660", "664", "666", "700", "750", "755", "770", "775", "777", "1700", "1770", "1777",
}

// decimalMode says that a mode without a zero in front is a decimal number.
func decimalMode(a *At) {
	n := a.Node
	if v, ok := n.Value.(int); ok && n.Kind == node.Scalar && !n.Quoted && slices.Contains(octalModes, n.Text) {
		a.once(fmt.Sprintf("%s is a decimal number, in octal %#o", n.Text, v), "write 0"+n.Text)
	}
}

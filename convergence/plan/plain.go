package plan

import (
	"fmt"
	"strings"
	"unicode"
)

// Plain makes text from a container safe to print: control characters, and with
// them every escape sequence, appear as \x1b and the like.
func Plain(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\t':
			b.WriteString("    ")
		case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c):
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

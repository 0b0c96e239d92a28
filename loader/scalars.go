package loader

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// dress chooses how the strings of a document are written in YAML, so that
// every reader takes them for what they are.
func dress(n *yaml.Node) {
	for _, child := range n.Content {
		dress(child)
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		return
	}
	switch s := n.Value; {
	case !utf8.ValidString(s):
		n.Tag, n.Value = "!!binary", base64.StdEncoding.EncodeToString([]byte(s))
	case strings.Contains(s, "\n") && literal(s):
		n.Style = yaml.LiteralStyle
	case strings.Contains(s, "\n") || !printable(s) || misread(s):
		n.Style = yaml.DoubleQuotedStyle
	}
}

// literal reports whether a text of several lines is the same when it is read
// from a block. The first line of a block tells its indentation, and the empty
// lines at its end do not count.
func literal(s string) bool {
	return printable(s) && !strings.ContainsAny(s[:1], " \t\n") && !strings.HasSuffix(s, "\n\n") &&
		strings.TrimRight(s, " \t\n") == strings.TrimSuffix(s, "\n")
}

// printable reports whether a text is made of characters that YAML takes as
// they are, not for line breaks, marks or nothing at all.
func printable(s string) bool { return !strings.ContainsFunc(s, unprintable) }

func unprintable(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r > 0xfffd && r < 0x10000 || unicode.Is(unicode.Bidi_Control, r)
}

// withoutMarks escapes what changes the direction of text, which the encoder
// leaves as it is. It only stands between double quotes.
func withoutMarks(text []byte) []byte {
	mark := func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }
	if !bytes.ContainsFunc(text, mark) {
		return text
	}
	var out bytes.Buffer
	for _, r := range string(text) {
		if mark(r) {
			fmt.Fprintf(&out, `\u%04X`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes()
}

var base60 = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`)

// misread reports whether readers of YAML 1.1 take the plain text for a boolean
// or a number of minutes and seconds, or whether blanks around it are at risk.
func misread(s string) bool {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF", "<<":
		return true
	}
	return base60.MatchString(s) || strings.Trim(s, "\t") != s
}

package ui

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes text from outside (a name, a label, a line of an error) safe to
// print on a terminal: control characters, invisible direction marks and bytes
// that are no UTF-8 appear as \x1b, \u202e and the like.
func Escape(s string) string { return escape(s, false) }

// EscapeText is Escape for text of several lines: newlines and tabs stay.
func EscapeText(s string) string { return escape(s, true) }

func escape(s string, text bool) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return dangerous(r, text) }) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' && !text:
			b.WriteString(`\n`)
		case r == '\t' && !text:
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case dangerous(r, text) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case dangerous(r, text):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func dangerous(r rune, text bool) bool {
	if text && (r == '\n' || r == '\t') {
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

const reset = "\x1b[0m"

// sanitizeLine appends to dst what a terminal may see of a log line: colours (SGR)
// stay and are reset at the end of the line; every other escape sequence and
// control character except the tab is dropped.
func sanitizeLine(dst, line []byte) []byte { return sanitize(dst, line, true) }

// plainText is sanitizeLine without the colours: the text that a person reads.
func plainText(dst, line []byte) []byte { return sanitize(dst, line, false) }

func sanitize(dst, line []byte, colors bool) []byte {
	colored := false
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case c == 0x1b:
			n, sgr := escapeSequence(line[i:])
			if sgr && colors {
				dst = append(dst, line[i:i+n]...)
				colored = true
			}
			i += n
		case c == '\t' || (c >= 0x20 && c < 0x7f):
			dst = append(dst, c)
			i++
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(line[i:])
			switch {
			case r == 0x9b || r == 0x90 || r == 0x9d || r == 0x98 || r == 0x9e || r == 0x9f:
				n += c1Sequence(r, line[i+n:])
			case r == utf8.RuneError && n == 1:
				dst = append(dst, "\uFFFD"...)
			case !dangerous(r, false):
				dst = append(dst, line[i:i+n]...)
			}
			i += n
		}
	}
	if colored {
		dst = append(dst, reset...)
	}
	return dst
}

// escapeSequence measures the sequence that starts with ESC at b[0] and tells
// whether it only sets colours and text attributes. A sequence that does not
// end takes the rest of the line with it.
func escapeSequence(b []byte) (n int, sgr bool) {
	if len(b) == 1 {
		return 1, false
	}
	switch b[1] {
	case '[':
		n, final := csi(b[2:])
		return 2 + n, final == 'm' && plainParameters(b[2:2+n])
	case ']', 'P', 'X', '^', '_':
		return 2 + controlString(b[2:]), false
	}
	n = 1
	for n < len(b) && b[n] >= 0x20 && b[n] <= 0x2f {
		n++
	}
	if n < len(b) && b[n] >= 0x30 && b[n] < 0x7f {
		n++
	}
	return n, false
}

// c1Sequence measures what follows an 8-bit introducer.
func c1Sequence(introducer rune, rest []byte) int {
	if introducer == 0x9b {
		n, _ := csi(rest)
		return n
	}
	return controlString(rest)
}

// csi measures the parameters and the final byte of a control sequence.
func csi(b []byte) (n int, final byte) {
	for n < len(b) && b[n] >= 0x20 && b[n] <= 0x3f {
		n++
	}
	if n < len(b) && b[n] >= 0x40 && b[n] < 0x7f {
		return n + 1, b[n]
	}
	return n, 0
}

func plainParameters(b []byte) bool {
	for _, c := range b[:len(b)-1] {
		if (c < '0' || c > '9') && c != ';' && c != ':' {
			return false
		}
	}
	return true
}

// controlString measures a string that ends with BEL, ESC \ or its 8-bit form.
func controlString(b []byte) int {
	for i := range b {
		switch {
		case b[i] == 0x07:
			return i + 1
		case b[i] == 0x1b && i+1 < len(b) && b[i+1] == '\\':
			return i + 2
		case b[i] == 0xc2 && i+1 < len(b) && b[i+1] == 0x9c:
			return i + 2
		}
	}
	return len(b)
}

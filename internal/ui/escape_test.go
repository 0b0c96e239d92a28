package ui

import (
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	for _, c := range []struct{ in, name, text string }{
		{"web-1", "web-1", "web-1"},
		{"größe ✔", "größe ✔", "größe ✔"},
		{"a\x1b[2Jb", `a\x1b[2Jb`, `a\x1b[2Jb`},
		{"a\nb\tc", `a\nb\tc`, "a\nb\tc"},
		{"a\rb", `a\rb`, `a\rb`},
		{"a\u202eb", `a\u202eb`, `a\u202eb`},
		{"a\u009bb", `a\x9bb`, `a\x9bb`},
		{"a\xffb", `a\xffb`, `a\xffb`},
		{"\x7f", `\x7f`, `\x7f`},
	} {
		if got := Escape(c.in); got != c.name {
			t.Errorf("Escape(%q) = %q, want %q", c.in, got, c.name)
		}
		if got := EscapeText(c.in); got != c.text {
			t.Errorf("EscapeText(%q) = %q, want %q", c.in, got, c.text)
		}
	}
}

func TestSanitize(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "hello\tworld", "hello\tworld"},
		{"colour is kept and reset", "\x1b[1;31mred", "\x1b[1;31mred\x1b[0m"},
		{"true colour", "\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx\x1b[0m"},
		{"clear screen", "a\x1b[2Jb", "ab"},
		{"private m is no colour", "a\x1b[>4;2mb", "ab"},
		{"cursor", "a\x1b[10;10Hb", "ab"},
		{"title", "a\x1b]0;evil\x07b", "ab"},
		{"title ended by ST", "a\x1b]0;evil\x1b\\b", "ab"},
		{"device control", "a\x1bPq#0\x1b\\b", "ab"},
		{"unfinished string takes the rest", "a\x1b]52;c;xyz", "a"},
		{"charset", "a\x1b(0b", "ab"},
		{"8-bit CSI", "a\u009b2Jb", "ab"},
		{"8-bit OSC", "a\u009d0;evil\u009cb", "ab"},
		{"lone escape", "a\x1b", "a"},
		{"bell and backspace", "a\x07\x08b", "ab"},
		{"no UTF-8", "a\xfeb", "a\uFFFDb"},
		{"direction marks", "a\u202eb", "ab"},
		{"umlauts", "größe", "größe"},
	} {
		if got := string(sanitizeLine(nil, []byte(c.in))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	f.Add("a\x1b[31mb\x1b]0;x\x07\xf1")
	f.Fuzz(func(t *testing.T, s string) {
		got := string(sanitizeLine(nil, []byte(s)))
		for rest := got; ; {
			i := strings.IndexFunc(rest, func(r rune) bool { return r != '\t' && dangerous(r, false) && r != 0xFFFD })
			if i < 0 {
				break
			}
			n, sgr := escapeSequence([]byte(rest[i:]))
			if rest[i] != 0x1b || !sgr {
				t.Fatalf("%q became %q", s, got)
			}
			rest = rest[i+n:]
		}
		if again := string(sanitizeLine(nil, []byte(strings.TrimSuffix(got, reset)))); again != got {
			t.Errorf("not stable: %q, then %q", got, again)
		}
	})
}

package env

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Parser reads the syntax of .env files: K=V or K: V, an optional
// export, # comments, single quotes for literal text, double quotes with
// escapes and interpolation, interpolated unquoted values, and bare K, which
// takes its value from the environment.
type Parser struct {
	rest  string
	line  int
	Limit int // bytes of one value
	// Lookup resolves variables that the file itself has not set.
	Lookup func(string) (string, bool)
	Budget *int64 // see Expander
	// Unset is told of variables that nothing sets.
	Unset func(name string, line int)
	Out   map[string]string
	// Set is told of every name that is put into Out.
	Set func(key string, line int)
}

// Error is a syntax error in an env file. It never quotes a value.
type Error struct {
	Line int
	Msg  string
}

func (e *Error) Error() string { return e.Msg }

// maxDotenvNesting bounds ${a:-${b}} in env files.
const maxDotenvNesting = 32

// Parse reads a text. What stands before a mistake is kept; the error is an *Error.
func (p *Parser) Parse(text string) error {
	p.rest, p.line = strings.TrimPrefix(text, "\uFEFF"), 1
	for p.nextStatement() {
		line := p.line
		key, bare, err := p.key()
		if err != nil {
			return err
		}
		if bare {
			if value, ok := p.resolve(key); ok {
				p.store(key, value, line)
			}
			continue
		}
		value, err := p.value()
		if err != nil {
			return err
		}
		if len(value) > p.Limit {
			return &Error{line, fmt.Sprintf("value of %s is larger than %d bytes", key, p.Limit)}
		}
		p.store(key, value, line)
	}
	return nil
}

func (p *Parser) store(key, value string, line int) {
	p.Out[key] = value
	p.Set(key, line)
}

func (p *Parser) resolve(name string) (string, bool) {
	if v, ok := p.Lookup(name); ok {
		return v, true
	}
	v, ok := p.Out[name]
	return v, ok
}

// nextStatement moves to the next key and reports whether there is one.
func (p *Parser) nextStatement() bool {
	for {
		trimmed := strings.TrimLeftFunc(p.rest, unicode.IsSpace)
		p.line += strings.Count(p.rest[:len(p.rest)-len(trimmed)], "\n")
		p.rest = trimmed
		if !strings.HasPrefix(p.rest, "#") {
			return p.rest != ""
		}
		p.rest = p.rest[len(p.restOfLine()):]
	}
}

func (p *Parser) restOfLine() string {
	line, _, _ := strings.Cut(p.rest, "\n")
	return line
}

// key reads up to the value; bare says that there is none.
func (p *Parser) key() (key string, bare bool, err error) {
	if after, ok := strings.CutPrefix(p.rest, "export"); ok {
		if trimmed := strings.TrimLeftFunc(after, isBlank); trimmed != after {
			p.rest = trimmed
		}
	}
	end := strings.IndexAny(p.rest, "=:\n")
	bare = end < 0 || p.rest[end] == '\n'
	if end < 0 {
		end = len(p.rest)
	}
	key = strings.TrimRightFunc(p.rest[:end], unicode.IsSpace)
	for _, r := range key {
		if isBlank(r) || r == ' ' {
			return "", false, &Error{p.line, "a name cannot contain a space"}
		}
		if !strings.ContainsRune("_.-[]", r) && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			return "", false, &Error{p.line, fmt.Sprintf("unexpected character %q in a name", r)}
		}
	}
	if key == "" {
		return "", false, &Error{p.line, "a name is missing before the value"}
	}
	if bare {
		p.rest = p.rest[end:]
		return key, true, nil
	}
	p.rest = strings.TrimLeftFunc(p.rest[end+1:], isBlank)
	return key, false, nil
}

func (p *Parser) value() (string, error) {
	if p.rest != "" && (p.rest[0] == '"' || p.rest[0] == '\'') {
		return p.quoted(p.rest[0])
	}
	value := p.restOfLine()
	p.rest = p.rest[len(value):]
	value, _, _ = strings.Cut(value, " #")
	return p.expand(strings.TrimRightFunc(value, unicode.IsSpace), p.line)
}

func (p *Parser) quoted(quote byte) (string, error) {
	first := p.line
	var value strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == quote:
			p.rest = p.rest[i+1:]
			if quote == '\'' {
				return value.String(), nil
			}
			return p.expand(unescape(value.String()), first)
		case c == '\\' && i+1 < len(p.rest):
			i++
			if p.rest[i] != quote {
				value.WriteByte('\\')
			}
			value.WriteByte(p.rest[i])
			p.line += strings.Count(p.rest[i:i+1], "\n")
		default:
			value.WriteByte(c)
			p.line += strings.Count(p.rest[i:i+1], "\n")
		}
	}
	return "", &Error{first, "a quoted value is not closed"}
}

func (p *Parser) expand(value string, line int) (string, error) {
	x := Expander{Lookup: p.resolve, Nesting: maxDotenvNesting, Budget: p.Budget}
	x.Use = func(v Use) {
		if v.Unset && p.Unset != nil {
			p.Unset(v.Name, line)
		}
	}
	out, err := x.Expand(value)
	if err != nil {
		return "", &Error{line, err.Error()}
	}
	return out, nil
}

var escapes = regexp.MustCompile(`\\(?:[abcfnrtv$"\\]|0\d{0,3})`)

// unescape replaces the escapes of a double-quoted value. \$ becomes $$, which
// interpolation turns into a dollar sign.
func unescape(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(match string) string {
		if match == `\$` {
			return "$$"
		}
		if octal, ok := strings.CutPrefix(match, `\0`); ok {
			match = `\` + octal
		}
		r, _, _, err := strconv.UnquoteChar(match, '"')
		if err != nil {
			return match
		}
		return string(r)
	})
}

// isBlank reports whether the rune is white space within a line.
func isBlank(r rune) bool { return r != '\n' && unicode.IsSpace(r) }

// ParseRaw reads the syntax of docker run --env-file: K=V lines without
// quotes or interpolation, # comments, and bare K.
func ParseRaw(text string, lookup func(string) (string, bool), set func(key, value string, line int)) error {
	for n, line := range strings.Split(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		line = strings.TrimLeftFunc(strings.TrimSuffix(line, "\r"), unicode.IsSpace)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimLeftFunc(key, unicode.IsSpace)
		if key == "" || strings.ContainsFunc(key, unicode.IsSpace) {
			return &Error{n + 1, "a name is empty or contains white space"}
		}
		if !ok {
			if value, ok = lookup(key); !ok {
				continue
			}
		}
		set(key, value, n+1)
	}
	return nil
}

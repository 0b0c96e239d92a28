package env

import (
	"errors"
	"fmt"
	"strings"
)

// Expander replaces $V, ${V}, ${V:-d}, ${V-d}, ${V:?e}, ${V?e}, ${V:+a} and
// ${V+a} by values, and $$ by a dollar sign. A dollar sign before anything
// else stays as it is. Operands are expanded too, to a bounded depth.
type Expander struct {
	Lookup func(name string) (string, bool)
	// Use, if set, is told of every variable with its offset in the text.
	Use func(v Use)
	// Every says that operands are visited whether they apply or not.
	Every   bool
	Nesting int    // how deep operands may nest
	Budget  *int64 // how many bytes may still be produced, shared by many texts
}

// Use is one occurrence of a variable.
type Use struct {
	Name    string
	Offset  int    // of the dollar sign in the text
	Op      string // "", ":-", "-", ":?", "?", ":+" or "+"
	Operand string
	Unset   bool // nothing but an empty string stands for it
}

// ExpandError is a problem at an offset of an expanded text.
type ExpandError struct {
	Offset int
	Hint   string
	msg    string
}

func (e *ExpandError) Error() string { return e.msg }

var errExpandedSize = errors.New("interpolated values are larger than the limit")

// Expand returns the text with its variables replaced. The error is an
// *ExpandError, or errExpandedSize.
func (x *Expander) Expand(text string) (string, error) { return x.expandAt(text, 0, 0) }

func (x *Expander) expandAt(text string, base, depth int) (string, error) {
	i := strings.IndexByte(text, '$')
	if i < 0 {
		return text, nil
	}
	if depth > x.Nesting {
		return "", &ExpandError{Offset: base, msg: fmt.Sprintf("variables are nested more than %d levels deep", x.Nesting)}
	}
	var out strings.Builder
	for i >= 0 {
		out.WriteString(text[:i])
		text, base = text[i:], base+i
		value, n, err := x.reference(text, base, depth)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		if *x.Budget -= int64(len(value)); *x.Budget < 0 {
			return "", errExpandedSize
		}
		text, base = text[n:], base+n
		i = strings.IndexByte(text, '$')
	}
	out.WriteString(text)
	return out.String(), nil
}

// reference expands what the text starts with, a dollar sign, and returns how
// many bytes that took.
func (x *Expander) reference(text string, base, depth int) (value string, n int, err error) {
	switch {
	case strings.HasPrefix(text, "$$"):
		return "$", 2, nil
	case strings.HasPrefix(text, "${"):
		return x.braced(text, base, depth)
	}
	name := leadingName(text[1:])
	if name == "" {
		return "$", 1, nil
	}
	value, ok := x.Lookup(name)
	x.tell(Use{Name: name, Offset: base, Unset: !ok})
	return value, 1 + len(name), nil
}

func (x *Expander) braced(text string, base, depth int) (value string, n int, err error) {
	end := closingBrace(text)
	name := leadingName(text[2:])
	invalid := &ExpandError{Offset: base, msg: "invalid interpolation", Hint: "write $$ for a dollar sign"}
	if end < 0 {
		invalid.Hint = "close the brace, or write $$ for a dollar sign"
	}
	if end < 0 || name == "" {
		return "", 0, invalid
	}
	rest := text[2+len(name) : end]
	use := Use{Name: name, Offset: base}
	for _, op := range []string{":-", ":?", ":+", "-", "?", "+"} {
		if operand, ok := strings.CutPrefix(rest, op); ok {
			use.Op, use.Operand = op, operand
			break
		}
	}
	if rest != "" && use.Op == "" {
		return "", 0, invalid
	}
	at := base + end - len(use.Operand)
	value, err = x.apply(use, at, depth)
	return value, end + 1, err
}

func (x *Expander) apply(use Use, at, depth int) (string, error) {
	value, present := x.Lookup(use.Name)
	if strings.HasPrefix(use.Op, ":") {
		present = present && value != ""
	}
	use.Unset = !present && use.Op == ""
	x.tell(use)
	if x.Every && strings.TrimPrefix(use.Op, ":") != "?" {
		return x.expandAt(use.Operand, at, depth+1)
	}
	switch strings.TrimPrefix(use.Op, ":") {
	case "-":
		if !present {
			return x.expandAt(use.Operand, at, depth+1)
		}
	case "+":
		if present {
			return x.expandAt(use.Operand, at, depth+1)
		}
	case "?":
		if !present {
			return "", x.missing(use, at, depth)
		}
	}
	return value, nil
}

func (x *Expander) missing(use Use, at, depth int) error {
	reason, err := x.expandAt(use.Operand, at, depth+1)
	if err != nil {
		return err
	}
	msg := fmt.Sprintf("required variable %s is missing a value", use.Name)
	if reason != "" {
		msg += ": " + reason
	}
	return &ExpandError{Offset: use.Offset, msg: msg}
}

func (x *Expander) tell(use Use) {
	if x.Use != nil {
		x.Use(use)
	}
}

// leadingName is the variable name that the text starts with, or "".
func leadingName(text string) string {
	for i := range len(text) {
		c := text[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return text[:i]
		}
	}
	return text
}

// closingBrace is the index of the brace that closes the one the text's
// dollar sign opens, or the last one if they do not balance, or -1.
func closingBrace(text string) int {
	open := 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return strings.LastIndexByte(text, '}')
}

package loader

import (
	"errors"
	"fmt"
	"strings"
)

// expander replaces $V, ${V}, ${V:-d}, ${V-d}, ${V:?e}, ${V?e}, ${V:+a} and
// ${V+a} by values, and $$ by a dollar sign. A dollar sign before anything
// else stays as it is. Operands are expanded too, to a bounded depth.
type expander struct {
	lookup func(name string) (string, bool)
	// use, if set, is told of every variable with its offset in the text.
	use func(v variableUse)
	// every says that operands are visited whether they apply or not.
	every   bool
	nesting int    // how deep operands may nest
	budget  *int64 // how many bytes may still be produced, shared by many texts
}

// variableUse is one occurrence of a variable.
type variableUse struct {
	name    string
	offset  int    // of the dollar sign in the text
	op      string // "", ":-", "-", ":?", "?", ":+" or "+"
	operand string
	unset   bool // nothing but an empty string stands for it
}

// expandError is a problem at an offset of an expanded text.
type expandError struct {
	offset    int
	msg, hint string
}

func (e *expandError) Error() string { return e.msg }

var errExpandedSize = errors.New("interpolated values are larger than the limit")

// expand returns the text with its variables replaced. The error is an
// *expandError, or errExpandedSize.
func (x *expander) expand(text string) (string, error) { return x.expandAt(text, 0, 0) }

func (x *expander) expandAt(text string, base, depth int) (string, error) {
	i := strings.IndexByte(text, '$')
	if i < 0 {
		return text, nil
	}
	if depth > x.nesting {
		return "", &expandError{offset: base, msg: fmt.Sprintf("variables nest more than %d deep", x.nesting)}
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
		if *x.budget -= int64(len(value)); *x.budget < 0 {
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
func (x *expander) reference(text string, base, depth int) (value string, n int, err error) {
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
	value, ok := x.lookup(name)
	x.tell(variableUse{name: name, offset: base, unset: !ok})
	return value, 1 + len(name), nil
}

func (x *expander) braced(text string, base, depth int) (value string, n int, err error) {
	end := closingBrace(text)
	name := leadingName(text[2:])
	invalid := &expandError{offset: base, msg: "invalid interpolation", hint: "write $$ for a dollar sign"}
	if end < 0 {
		invalid.hint = "close the brace, or write $$ for a dollar sign"
	}
	if end < 0 || name == "" {
		return "", 0, invalid
	}
	rest := text[2+len(name) : end]
	use := variableUse{name: name, offset: base}
	for _, op := range []string{":-", ":?", ":+", "-", "?", "+"} {
		if operand, ok := strings.CutPrefix(rest, op); ok {
			use.op, use.operand = op, operand
			break
		}
	}
	if rest != "" && use.op == "" {
		return "", 0, invalid
	}
	at := base + end - len(use.operand)
	value, err = x.apply(use, at, depth)
	return value, end + 1, err
}

func (x *expander) apply(use variableUse, at, depth int) (string, error) {
	value, present := x.lookup(use.name)
	if strings.HasPrefix(use.op, ":") {
		present = present && value != ""
	}
	use.unset = !present && use.op == ""
	x.tell(use)
	if x.every && strings.TrimPrefix(use.op, ":") != "?" {
		return x.expandAt(use.operand, at, depth+1)
	}
	switch strings.TrimPrefix(use.op, ":") {
	case "-":
		if !present {
			return x.expandAt(use.operand, at, depth+1)
		}
	case "+":
		if present {
			return x.expandAt(use.operand, at, depth+1)
		}
	case "?":
		if !present {
			return "", x.missing(use, at, depth)
		}
	}
	return value, nil
}

func (x *expander) missing(use variableUse, at, depth int) error {
	reason, err := x.expandAt(use.operand, at, depth+1)
	if err != nil {
		return err
	}
	msg := fmt.Sprintf("required variable %s is missing a value", use.name)
	if reason != "" {
		msg += ": " + reason
	}
	return &expandError{offset: use.offset, msg: msg}
}

func (x *expander) tell(use variableUse) {
	if x.use != nil {
		x.use(use)
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

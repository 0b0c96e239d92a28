package shell

import (
	"fmt"
	"slices"
	"strings"
)

// token is a word or an operator of a script.
type token struct {
	text     string
	operator bool
	quoted   bool
}

// tokens splits a script; $NAME and ${NAME} are replaced from env.
func tokens(script string, env []string) ([]token, error) {
	var out []token
	for i := 0; i < len(script); {
		switch c := script[i]; {
		case c == ' ' || c == '\t':
			i++
		case c == '#' && (i == 0 || strings.IndexByte(" \t\n;", script[i-1]) >= 0):
			for i < len(script) && script[i] != '\n' {
				i++
			}
		case strings.IndexByte(";&|\n<>", c) >= 0:
			op := operator(script[i:])
			out = append(out, token{text: op, operator: true})
			i += len(op)
		default:
			t, n, err := word(script[i:], env)
			if err != nil {
				return nil, err
			}
			i += n
			if !t.quoted && (t.text == "1" || t.text == "2") && i < len(script) && script[i] == '>' {
				op := operator(script[i:])
				out = append(out, token{text: t.text + op, operator: true})
				i += len(op)
				continue
			}
			out = append(out, t)
		}
	}
	return out, nil
}

func operator(s string) string {
	for _, op := range []string{"&&", "||", ">&2", ">&1", ">>"} {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return s[:1]
}

// word reads one word and returns how long it was.
func word(s string, env []string) (token, int, error) {
	var b strings.Builder
	t := token{}
	i := 0
	for i < len(s) && strings.IndexByte(" \t\n;&|<>", s[i]) < 0 {
		switch s[i] {
		case '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return t, 0, fmt.Errorf("unterminated quoted string")
			}
			b.WriteString(s[i+1 : i+1+end])
			t.quoted, i = true, i+end+2
		case '"':
			t.quoted, i = true, i+1
			for i < len(s) && s[i] != '"' {
				i += expand(&b, s[i:], env, true)
			}
			if i >= len(s) {
				return t, 0, fmt.Errorf("unterminated quoted string")
			}
			i++
		default:
			i += expand(&b, s[i:], env, false)
		}
	}
	t.text = b.String()
	return t, i, nil
}

// expand writes the character, escape or variable at the start of s and
// returns how much of s it was.
func expand(b *strings.Builder, s string, env []string, quoted bool) int {
	if s[0] == '\\' && len(s) > 1 && (!quoted || strings.IndexByte("\\\"$`", s[1]) >= 0) {
		b.WriteByte(s[1])
		return 2
	}
	if s[0] != '$' {
		b.WriteByte(s[0])
		return 1
	}
	name, n := "", 1
	if strings.HasPrefix(s, "${") {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			b.WriteByte('$')
			return 1
		}
		name, n = s[2:end], end+1
	} else {
		for n < len(s) && (s[n] == '_' || s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z' || s[n] >= '0' && s[n] <= '9') {
			n++
		}
		name = s[1:n]
	}
	if name == "" {
		b.WriteByte('$')
		return n
	}
	b.WriteString(getenv(env, name))
	return n
}

func getenv(env []string, name string) string {
	value := ""
	for _, kv := range env {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			value = v
		}
	}
	return value
}

// parser turns tokens into statements.
type parser struct {
	tokens []token
	at     int
}

func parse(script string, env []string) (statement, error) {
	ts, err := tokens(script, env)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: ts}
	st, err := p.list()
	if err == nil && p.at < len(ts) {
		err = fmt.Errorf("syntax error: unexpected %q", ts[p.at].text)
	}
	return st, err
}

func (p *parser) peek(texts ...string) bool {
	return p.at < len(p.tokens) && !p.tokens[p.at].quoted && slices.Contains(texts, p.tokens[p.at].text)
}

func (p *parser) skip(texts ...string) {
	for p.peek(texts...) {
		p.at++
	}
}

func (p *parser) want(text string) error {
	if !p.peek(text) {
		return fmt.Errorf("syntax error: %q is missing", text)
	}
	p.at++
	return nil
}

// list reads statements up to the end or a closing keyword.
func (p *parser) list() (statement, error) {
	var s sequence
	for p.skip(";", "\n", "&"); p.at < len(p.tokens) && !p.peek("do", "done", "then", "else", "fi"); p.skip(";", "\n", "&") {
		st, err := p.chain()
		if err != nil {
			return nil, err
		}
		if p.peek("&") { // in the background: only what waits for it matters
			continue
		}
		s = append(s, st)
	}
	return s, nil
}

func (p *parser) chain() (statement, error) {
	left, err := p.one()
	for err == nil && p.peek("&&", "||") {
		and := p.peek("&&")
		p.at++
		p.skip("\n")
		var right statement
		right, err = p.one()
		left = condition{left, right, and}
	}
	return left, err
}

func (p *parser) one() (statement, error) {
	switch {
	case p.peek("while", "until"):
		return p.loop()
	case p.peek("if"):
		return p.branch()
	}
	return p.simple()
}

func (p *parser) loop() (statement, error) {
	l := loop{until: p.peek("until")}
	p.at++
	var err error
	if l.test, err = p.list(); err != nil {
		return nil, err
	}
	if err = p.want("do"); err != nil {
		return nil, err
	}
	if l.body, err = p.list(); err != nil {
		return nil, err
	}
	return l, p.want("done")
}

func (p *parser) branch() (statement, error) {
	p.at++
	var b branch
	var err error
	if b.test, err = p.list(); err != nil {
		return nil, err
	}
	if err = p.want("then"); err != nil {
		return nil, err
	}
	if b.then, err = p.list(); err != nil {
		return nil, err
	}
	if p.peek("else") {
		p.at++
		if b.otherwise, err = p.list(); err != nil {
			return nil, err
		}
	}
	return b, p.want("fi")
}

func (p *parser) simple() (statement, error) {
	var s simple
	for p.at < len(p.tokens) && !p.peek(";", "\n", "&", "&&", "||") {
		t := p.tokens[p.at]
		p.at++
		if !t.operator {
			s.words = append(s.words, t.text)
			continue
		}
		switch t.text {
		case ">&2", "1>&2":
			s.to.stderr = true
		case "2>&1":
		case ">", ">>", "1>", "1>>", "2>":
			if p.at == len(p.tokens) {
				return nil, fmt.Errorf("syntax error: %q needs a file", t.text)
			}
			if t.text == "2>" {
				s.to.quiet = true
			} else {
				s.to.file, s.to.append = p.tokens[p.at].text, strings.HasSuffix(t.text, ">>")
			}
			p.at++
		default:
			return nil, fmt.Errorf("%q is not understood", t.text)
		}
	}
	if len(s.words) == 0 {
		return nil, fmt.Errorf("syntax error: a command is missing")
	}
	return s, nil
}

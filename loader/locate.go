package loader

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

var (
	messagePath    = regexp.MustCompile(`\b(?:services|networks|volumes|configs|secrets|models|include)(?:[.\[][\w\[\]*-]+)+`)
	messageService = regexp.MustCompile(`service "?([\w.-]+)"?`)
)

// locate gives an error of compose-go the best place that its text allows: no
// error is without a file. The errors that have been reported are more exact,
// so it is dropped if there are any.
func (a *assembler) locate(file string, tree *node.Node, err error) error {
	var located *Error
	if errors.As(err, &located) || a.ctx.Err() != nil {
		return err
	}
	if len(a.l.reports.errs) > 0 {
		return a.l.reports.errs
	}
	var all Errors
	for _, line := range messageLines(err.Error()) {
		all = append(all, locateLine(shown(file, a.l.cwd), tree, line, err))
	}
	for _, e := range all {
		a.l.reports.fail(e)
	}
	return all
}

// messageLines are the single problems of a message.
func messageLines(msg string) []string {
	msg = strings.TrimPrefix(msg, "decoding failed due to the following error(s):\n\n")
	var lines []string
	for _, line := range strings.Split(msg, "\n") {
		if line = strings.TrimSuffix(strings.TrimSpace(line), ": invalid compose project"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return []string{"cannot be read"}
	}
	return lines
}

func locateLine(file string, tree *node.Node, msg string, err error) *Error {
	e := &Error{Pos: project.Position{File: file}, Msg: msg, Err: err}
	var keys []string
	if m := messagePath.FindString(msg); m != "" {
		keys = strings.FieldsFunc(m, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
		e.Path = m
		e.Msg = strings.TrimLeft(strings.TrimSpace(strings.Replace(strings.Replace(msg, "'"+m+"'", "", 1), m, "", 1)), ": ")
	} else if m := messageService.FindStringSubmatch(msg); m != nil {
		keys = []string{"services", m[1]}
	}
	for _, key := range keys {
		if tree == nil {
			break
		}
		i := tree.Index(key)
		if i < 0 {
			break
		}
		e.Pos = tree.Fields[i].Place()
		tree = tree.Fields[i].Node
	}
	return e
}

// guard turns a panic into an error. compose-go asserts types where it has not
// looked: what has slipped past the checks must not take the process down.
func guard(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", what, r)
		}
	}()
	return f()
}

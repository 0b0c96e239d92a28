package loader

import (
	"regexp"
	"strconv"
	"strings"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// syntaxMessage is what compose-go's reader says: what it was doing, where that
// began, where the problem is, and the problem.
var syntaxMessage = regexp.MustCompile(`yaml: (?:while (\w+) ((?:for )?(?:an?|the) [\w ]+?) at (` + mark + `): )?(?:(` + mark + `): )?([^\n]*)$`)

const mark = `<unknown position>|line \d+(?:, column \d+)?`

var markNumbers = regexp.MustCompile(`\d+`)

// place reads a mark. The reader leaves out the column if it is the first, and
// everything if the line is 0; while parsing it counts lines from there.
func place(text, doing string) (line, column int) {
	numbers := markNumbers.FindAllString(text, 2)
	if len(numbers) > 0 {
		line = atoi(numbers[0])
	}
	column = 1
	if len(numbers) > 1 {
		column = atoi(numbers[1])
	}
	if doing == "parsing" {
		line++
	}
	return line, column
}

// syntaxError reports that a file is no YAML. yaml.v3 knows the line at best,
// so compose-go's reader, which knows the column too, is asked what it thinks.
func (p *parser) syntaxError(err error) {
	message := err.Error()
	if better := p.secondOpinion(); better != "" {
		message = better
	}
	e := &Error{Pos: project.Position{File: p.file}, Msg: "YAML syntax: " + strings.TrimPrefix(message, "yaml: "), Err: err}
	if m := syntaxMessage.FindStringSubmatch(message); m != nil {
		doing, what, begins, problem := m[1], m[2], m[3], m[4]
		e.Msg = "YAML syntax: " + m[5]
		switch {
		case begins != "" && strings.Contains(e.Msg, "end of stream"):
			e.Pos.Line, e.Pos.Column = place(begins, doing)
			e.Hint = what + " is not closed"
		case problem != "":
			e.Pos.Line, e.Pos.Column = place(problem, doing)
			if begins != "" {
				line, _ := place(begins, doing)
				e.Hint = what + " starts at line " + strconv.Itoa(line)
			}
		case begins != "":
			e.Pos.Line, e.Pos.Column = place(begins, doing)
		}
	}
	p.refine(e)
	p.fail(e)
}

// secondOpinion is compose-go's message for the text, or "".
func (p *parser) secondOpinion() string {
	var message string
	_ = guard("parse", func() error {
		_, err := compose.LoadModelWithContext(p.ctx, types.ConfigDetails{ConfigFiles: []types.ConfigFile{{Filename: "-", Content: p.text}}}, func(o *compose.Options) {
			o.SetProjectName("x", true)
			o.SkipInclude, o.SkipExtends, o.SkipInterpolation, o.SkipValidation, o.SkipNormalization = true, true, true, true, true
		})
		if err != nil && strings.Contains(err.Error(), "yaml: ") {
			message = err.Error()[strings.Index(err.Error(), "yaml: "):]
		}
		return nil
	})
	return message
}

// refine points into the line if only the line is known.
func (p *parser) refine(e *Error) {
	lines := strings.Split(string(p.text), "\n")
	if e.Pos.Line < 1 || e.Pos.Line > len(lines) {
		return
	}
	line := lines[e.Pos.Line-1]
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if tab := strings.IndexByte(indent, '\t'); tab >= 0 {
		e.Pos.Column, e.Hint = tab+1, "indent with spaces, not with tabs"
	}
	if e.Pos.Column == 0 {
		e.Pos.Column = len(indent) + 1
	}
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

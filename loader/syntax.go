package loader

import (
	"regexp"
	"strconv"
	"strings"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

var syntaxMessage = regexp.MustCompile(`yaml: (?:while (\w+) (an? [\w ]+?) at line (\d+), column (\d+): )?(?:line (\d+)(?:, column (\d+))?: )?([^\n]*)$`)

// syntaxError reports that a file is no YAML. yaml.v3 knows the line at best,
// so compose-go's reader, which knows the column too, is asked what it thinks.
func (p *parser) syntaxError(err error) {
	message := err.Error()
	if better := p.secondOpinion(); better != "" {
		message = better
	}
	e := &Error{Pos: project.Position{File: p.file}, Msg: "YAML syntax: " + strings.TrimPrefix(message, "yaml: "), Err: err}
	if m := syntaxMessage.FindStringSubmatch(message); m != nil {
		e.Msg = "YAML syntax: " + m[7]
		offset := 0
		if m[1] == "parsing" {
			offset = 1 // these lines count from 0
		}
		startLine, startColumn := atoi(m[3]), atoi(m[4])
		if startLine > 0 || m[2] != "" {
			startLine += offset
			e.Hint = m[2] + " starts at line " + strconv.Itoa(startLine)
		}
		if m[5] != "" {
			e.Pos.Line, e.Pos.Column = atoi(m[5])+offset, atoi(m[6])
		}
		if e.Pos.Column == 0 && startLine > 0 && strings.Contains(m[7], "end of stream") {
			e.Pos.Line, e.Pos.Column, e.Hint = startLine, startColumn, m[2]+" is not closed"
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

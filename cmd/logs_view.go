package cmd

import (
	"fmt"
	"io"
	"regexp"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// logView says which lines of the containers are shown, and how.
type logView struct {
	style ui.LogStyle
	json  bool
	lines *lineFilter
}

// outputPrinter prints what containers say in one form or another.
type outputPrinter interface {
	print(o output.Output) error
	close() error
}

// printer prints to out. Names are those of the containers known beforehand.
func (v logView) printer(out io.Writer, projectName string, cs []engine.Container) outputPrinter {
	var p outputPrinter
	if v.json {
		p = jsonOutput{ui.NewJSONLogs(out)}
	} else {
		logs := ui.NewLogs(out, out, v.style)
		logs.Announce(logNames(projectName, cs)...)
		p = textOutput{logs, projectName}
	}
	if v.lines != nil {
		p = filteredOutput{v.lines, p}
	}
	return p
}

type textOutput struct {
	logs    *ui.Logs
	project string
}

func (t textOutput) print(o output.Output) error { return printOutput(t.logs, t.project, o) }

func (t textOutput) close() error { return t.logs.Close() }

type jsonOutput struct{ logs *ui.JSONLogs }

func (j jsonOutput) print(o output.Output) error { return j.logs.Output(o) }

func (j jsonOutput) close() error { return nil }

type filteredOutput struct {
	lines *lineFilter
	outputPrinter
}

func (f filteredOutput) print(o output.Output) error {
	if o.Exit == nil && o.Note == "" && !f.lines.shows(o.Container.ID, o.Line) {
		return nil
	}
	return f.outputPrinter.print(o)
}

// lineFilter picks lines by their text, without colours and control sequences. A
// line that comes in several pieces is judged by the first.
type lineFilter struct {
	grep, exclude []*regexp.Regexp
	within        map[openLine]bool // of lines whose end is still to come: shown
	plain         []byte
}

type openLine struct {
	container string
	stderr    bool
}

// newLineFilter returns nil if every line is shown.
func newLineFilter(grep, exclude []string) (*lineFilter, error) {
	f := &lineFilter{within: map[openLine]bool{}}
	for _, set := range []struct {
		flag string
		from []string
		to   *[]*regexp.Regexp
	}{{"grep", grep, &f.grep}, {"exclude", exclude, &f.exclude}} {
		for _, text := range set.from {
			re, err := regexp.Compile(text)
			if err != nil {
				return nil, fmt.Errorf("--%s: %w", set.flag, err)
			}
			*set.to = append(*set.to, re)
		}
	}
	if len(f.grep)+len(f.exclude) == 0 {
		return nil, nil
	}
	return f, nil
}

func (f *lineFilter) shows(container string, line engine.LogLine) bool {
	at := openLine{container, line.Stderr}
	shown, begun := f.within[at]
	if !begun {
		f.plain = ui.PlainText(f.plain[:0], line.Text)
		shown = (len(f.grep) == 0 || anyMatches(f.grep, f.plain)) && !anyMatches(f.exclude, f.plain)
	}
	if line.Partial {
		f.within[at] = shown
	} else {
		delete(f.within, at)
	}
	return shown
}

func anyMatches(res []*regexp.Regexp, text []byte) bool {
	for _, re := range res {
		if re.Match(text) {
			return true
		}
	}
	return false
}

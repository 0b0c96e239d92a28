package ui

import (
	"fmt"
	"io"
	"regexp"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
)

// LogView says which lines of the containers are shown, and how.
type LogView struct {
	Style LogStyle
	JSON  bool
	Lines *LineFilter // nil shows all
}

// OutputPrinter prints what containers say in one form or another.
type OutputPrinter interface {
	Output(o output.Output) error
	Close() error
}

// Printer prints to out. Names are those of the containers known beforehand.
func (v LogView) Printer(out io.Writer, cs []engine.Container) OutputPrinter {
	var p OutputPrinter
	if v.JSON {
		p = newJSONLogs(out)
	} else {
		logs := NewLogs(out, out, v.Style)
		logs.Announce(LogNames(v.Style.Project, cs)...)
		p = logs
	}
	if v.Lines != nil {
		p = filteredOutput{v.Lines, p}
	}
	return p
}

type filteredOutput struct {
	lines *LineFilter
	OutputPrinter
}

// Output prints what passes the filter.
func (f filteredOutput) Output(o output.Output) error {
	if o.Exit == nil && o.Note == "" && !f.lines.shows(o.Container.ID, o.Line) {
		return nil
	}
	return f.OutputPrinter.Output(o)
}

// LineFilter picks lines by their text, without colours and control sequences. A
// line that comes in several pieces is judged by the first.
type LineFilter struct {
	grep, exclude []*regexp.Regexp
	within        map[filteredLine]bool // of lines whose end is still to come: shown
	plain         []byte
}

type filteredLine struct {
	container string
	stderr    bool
}

// NewLineFilter returns nil if every line is shown.
func NewLineFilter(grep, exclude []string) (*LineFilter, error) {
	f := &LineFilter{within: map[filteredLine]bool{}}
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

func (f *LineFilter) shows(container string, line engine.LogLine) bool {
	at := filteredLine{container, line.Stderr}
	shown, begun := f.within[at]
	if !begun {
		f.plain = plainText(f.plain[:0], line.Text)
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

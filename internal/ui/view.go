package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// view is the state behind the live view: a row per object of the operation.
// It reads no clock.
type view struct {
	operation string
	opt       PrinterOptions
	rows      []*row
	byID      map[string]*row
	steps     map[plan.StepID]*stepState
}

type row struct {
	id       string
	steps    []plan.StepID // of the plan, in its order
	phase    engine.Phase  // empty until the first event
	text     string
	details  string
	waiting  string
	err      string
	begin    time.Time
	end      time.Time
	children []*layer
}

// layer is a part of an object with progress of its own: a layer of an image.
type layer struct {
	id             string
	current, total int64
	done           bool
}

type stepState struct {
	step   plan.Step
	object string
	done   bool
}

func newView(operation string, p plan.Plan, opt PrinterOptions) *view {
	v := &view{operation: operation, opt: opt, byID: map[string]*row{}, steps: map[plan.StepID]*stepState{}}
	v.plan(p)
	return v
}

// plan adds rows for the objects of a plan, so that they show before their turn
// comes. It takes the place of an earlier plan.
func (v *view) plan(p plan.Plan) {
	clear(v.steps)
	for _, r := range v.rows {
		r.steps = nil
	}
	objects := p.Objects()
	for _, s := range p.Steps {
		v.steps[s.ID] = &stepState{step: s, object: objects[s.ID]}
		r := v.row(objects[s.ID])
		r.steps = append(r.steps, s.ID)
	}
}

func (v *view) row(id string) *row {
	r, ok := v.byID[id]
	if !ok {
		r = &row{id: id}
		v.byID[id] = r
		v.rows = append(v.rows, r)
	}
	return r
}

func (v *view) report(e engine.Progress) {
	if s, ok := v.steps[plan.StepID(e.Step)]; ok && e.Phase != engine.Working && e.Parent == "" {
		s.done = true
	}
	if e.Parent != "" {
		v.row(e.Parent).layer(e)
		return
	}
	if v.opt.HideStarts && v.operation == "up" && (e.Text == "Starting" || e.Text == "Started") {
		e.Text = ""
	}
	r := v.row(e.ID)
	if r.begin.IsZero() {
		r.begin = e.At
	}
	if e.Phase == engine.Skipped && r.phase == engine.Failed {
		return // what it did not come to matters less than why
	}
	r.end = time.Time{}
	if e.Phase != engine.Working {
		r.end = e.At
	}
	r.phase, r.details, r.waiting = e.Phase, e.Details, e.Waiting
	r.text = cmp.Or(e.Text, r.text)
	if e.Err != nil {
		r.err = e.Err.Error()
	}
}

func (r *row) layer(e engine.Progress) {
	i := slices.IndexFunc(r.children, func(l *layer) bool { return l.id == e.ID })
	if i < 0 {
		i = len(r.children)
		r.children = append(r.children, &layer{id: e.ID})
	}
	l := r.children[i]
	if e.Total > 0 {
		l.total = e.Total
	}
	l.current, l.done = e.Current, e.Phase != engine.Working
	if l.done {
		l.current = l.total
	}
}

// working reports whether something is under way, so that time passing shows.
func (v *view) working() bool {
	return slices.ContainsFunc(v.rows, func(r *row) bool { return r.phase == engine.Working })
}

// finished reports whether nothing more is to come of the object.
func (v *view) finished(r *row) bool {
	switch r.phase {
	case engine.Failed, engine.Skipped:
		return true
	case engine.Working:
		return false
	}
	for _, id := range r.steps {
		if !v.steps[id].done {
			return false
		}
	}
	return r.phase != ""
}

// achieved reports whether the object came to what the plan wants of it.
func (v *view) achieved(r *row) bool {
	return v.finished(r) && r.phase != engine.Failed && r.phase != engine.Skipped && r.text != apply.Interrupted
}

// viewLine is a line of the view and the columns it takes.
type viewLine struct {
	text  string
	width int
}

// lines is the view at a time, for a terminal of that size. Rows that do not
// fit collapse: those that are done first, then those that have not begun.
func (v *view) lines(now time.Time, columns, height int) []viewLine {
	done := 0
	for _, r := range v.rows {
		if v.achieved(r) {
			done++
		}
	}
	head := fmt.Sprintf("[+] %s %d/%d", v.operation, done, len(v.rows))
	lines := []viewLine{plainLine(cut(head, columns-1))}
	shown, hidden := v.fit(height - 3)
	idWidth := 0
	for _, r := range shown {
		idWidth = max(idWidth, width(v.label(r)))
	}
	for _, r := range shown {
		lines = append(lines, v.rowLine(r, now, columns-1, idWidth))
	}
	if hidden > 0 {
		lines = append(lines, plainLine(cut(fmt.Sprintf(" ... %d more", hidden), columns-1)))
	}
	return lines
}

func (v *view) fit(room int) (shown []*row, hidden int) {
	room = max(room, 1)
	hidden = len(v.rows) - room
	if hidden <= 0 {
		return v.rows, 0
	}
	drop := map[*row]bool{}
	expendable := []func(*row) bool{
		func(r *row) bool { return v.finished(r) && r.phase == engine.Done },
		func(r *row) bool { return r.phase == "" },
		func(r *row) bool { return r.phase != engine.Failed },
		func(*row) bool { return true },
	}
	for _, may := range expendable {
		for _, r := range v.rows {
			if len(drop) < hidden && !drop[r] && may(r) {
				drop[r] = true
			}
		}
	}
	for _, r := range v.rows {
		if !drop[r] {
			shown = append(shown, r)
		}
	}
	return shown, hidden
}

func (v *view) label(r *row) string { return Escape(r.id) }

func (v *view) rowLine(r *row, now time.Time, columns, idWidth int) viewLine {
	elapsed := ""
	if !r.begin.IsZero() {
		end := r.end
		if end.IsZero() {
			end = now
		}
		elapsed = fmt.Sprintf("%.1fs", max(0, end.Sub(r.begin)).Seconds())
	}
	glyph, color := v.glyph(r, now)
	label := v.label(r)
	body := fmt.Sprintf(" %s %s", label+strings.Repeat(" ", max(0, idWidth-width(label))), Escape(v.what(r, now)))
	room := columns - 2 - width(elapsed) - 1
	if room < 1 {
		return plainLine(cut(" "+glyph+body, columns))
	}
	body = cut(body, room)
	gap := strings.Repeat(" ", columns-2-width(body)-width(elapsed))
	plain := " " + glyph + body + gap + elapsed
	text := " " + v.paint(color, glyph) + body + gap + v.paint("34", elapsed)
	return viewLine{text: text, width: width(plain)}
}

func plainLine(s string) viewLine { return viewLine{text: s, width: width(s)} }

func (v *view) paint(color, s string) string {
	if !v.opt.Color || color == "" || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + reset
}

func (v *view) glyph(r *row, now time.Time) (glyph, color string) {
	switch {
	case r.phase == engine.Failed:
		return "✘", "31"
	case r.phase == engine.Warning:
		return "!", "33"
	case r.phase == engine.Skipped:
		return "-", "33"
	case r.phase == "":
		return " ", ""
	case v.finished(r):
		return "✔", "32"
	case r.phase == engine.Working:
		frames := [...]string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
		return frames[int(now.Sub(r.begin)/frame)%len(frames)], "33"
	}
	return "·", "33"
}

// what says what happens to an object, or what it waits for.
func (v *view) what(r *row, now time.Time) string {
	parts := []string{r.text}
	switch {
	case r.phase == engine.Failed && r.details == "":
		first, _, _ := strings.Cut(r.err, "\n")
		parts = append(parts, first)
	case r.phase == engine.Working && r.waiting != "":
		parts = append(parts, "for "+r.waiting)
	case r.phase == engine.Working || v.finished(r):
	default:
		if w := v.waitsFor(r); w != "" {
			parts = append(parts, "waits for "+w)
		}
	}
	if len(r.children) > 0 && !v.finished(r) {
		parts = append(parts, r.transfer(now.Sub(r.begin)))
	}
	parts = append(parts, r.details)
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// transfer is a bar of one braille cell per layer, the amount moved, and how fast
// on the average.
func (r *row) transfer(took time.Duration) string {
	cells := []rune("⠀⡀⣀⣄⣤⣦⣶⣷⣿")
	var bar strings.Builder
	var current, total int64
	for _, l := range r.children {
		level := 0
		switch {
		case l.done:
			level = len(cells) - 1
		case l.total > 0:
			level = int(min(int64(len(cells)-1), l.current*int64(len(cells)-1)/l.total))
		}
		bar.WriteRune(cells[level])
		current, total = current+l.current, total+l.total
	}
	text := "[" + bar.String() + "]"
	if total > 0 {
		text += " " + byteSize(current) + " / " + byteSize(total)
		if took >= time.Second {
			text += ", " + byteSize(int64(float64(current)/took.Seconds())) + "/s"
		}
	}
	return text
}

// waitsFor names the objects whose unfinished steps hold the next step of r.
func (v *view) waitsFor(r *row) string {
	var names []string
	for _, id := range r.steps {
		if v.steps[id].done {
			continue
		}
		for _, need := range v.steps[id].step.Needs {
			s, ok := v.steps[need]
			if !ok || s.done || s.object == r.id {
				continue
			}
			if name := lowerFirst(s.object); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		break
	}
	if len(names) > 2 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
	}
	return strings.Join(names, ", ")
}

// lowerFirst makes "Container web-1" read well in the middle of a sentence.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

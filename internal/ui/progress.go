package ui

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// Mode is how progress is shown.
type Mode string

// The modes of progress.
const (
	TTY   Mode = "tty"   // a live view, redrawn in place
	Plain Mode = "plain" // a line per event
	JSON  Mode = "json"  // an object per event
	Quiet Mode = "quiet" // nothing
)

// Printer shows the progress of an operation. Printers are safe for concurrent use.
type Printer interface {
	// Begin starts an operation and names it: "up", "down". The plan, if there
	// is one, lets a view say what is still to come and what it waits for.
	Begin(operation string, plan plan.Plan)
	// Report shows an event.
	Report(engine.Progress)
	// Warn prints a warning, of one line or more.
	Warn(text string)
	// Info prints a remark. Quiet printers leave it out.
	Info(text string)
	// Around runs f, which writes to the terminal, without disturbing the view.
	Around(f func())
	// End finishes the operation and leaves the terminal as it was.
	End()
	// Footer keeps a line below everything else on a terminal, whether there is an
	// operation or not; empty takes it away. Printers without a view have none.
	Footer(text string)
	// Redraw draws the view anew, below what somebody else wrote meanwhile.
	Redraw()
}

// Screen tells the size of a terminal in columns and rows, as it is now.
type Screen func() (columns, rows int)

// PrinterOptions are what a printer of any mode needs to know.
type PrinterOptions struct {
	Color  bool
	Screen Screen // TTY only
	// HideStarts leaves events of starting out of the live view: attached
	// output follows anyway.
	HideStarts bool
	DryRun     bool // marks JSON events
}

// NewPrinter returns a printer that writes to w.
func NewPrinter(w io.Writer, mode Mode, opt PrinterOptions) Printer {
	switch mode {
	case TTY:
		return newLive(w, opt)
	case JSON:
		return &jsonPrinter{w: w, dryRun: opt.DryRun, last: lastText{}}
	case Quiet:
		return &quietPrinter{w: w, color: opt.Color}
	}
	return &plainPrinter{w: w, color: opt.Color, last: lastText{}}
}

// lastText remembers what was said last of each object, so that an event that
// says nothing new gives no line.
type lastText map[[2]string]string

func (l lastText) repeats(p engine.Progress) bool {
	key, text := [2]string{p.Parent, p.ID}, string(p.Phase)+" "+p.Text+" "+p.Details
	if l[key] == text {
		return true
	}
	l[key] = text
	return false
}

// wordless reports whether an event only counts a step that is no news.
func wordless(p engine.Progress) bool { return p.Text == "" && p.Details == "" }

type plainPrinter struct {
	mu    sync.Mutex
	w     io.Writer
	color bool
	last  lastText
}

func (p *plainPrinter) Begin(string, plan.Plan) {}
func (p *plainPrinter) End()                    {}
func (p *plainPrinter) Footer(string)           {}
func (p *plainPrinter) Redraw()                 {}

func (p *plainPrinter) Report(e engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wordless(e) || p.last.repeats(withoutAmounts(e)) {
		return
	}
	text := fmt.Sprintf(" %s %s %s", e.ID, e.Text, e.Details)
	_ = PrintLine(p.w, strings.ReplaceAll(text, "\n", " ")) // progress that cannot be written is no reason to stop
}

// withoutAmounts drops what changes all the time while a layer is transferred.
func withoutAmounts(e engine.Progress) engine.Progress {
	if e.Total > 0 {
		e.Details = ""
	}
	return e
}

func (p *plainPrinter) Warn(text string) {
	p.Around(func() { fmt.Fprintln(p.w, warning(text, p.color)) })
}

func (p *plainPrinter) Info(text string) {
	p.Around(func() { fmt.Fprintln(p.w, remark(text)) })
}

func (p *plainPrinter) Around(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

type quietPrinter struct {
	mu    sync.Mutex
	w     io.Writer
	color bool
}

func (p *quietPrinter) Begin(string, plan.Plan) {}
func (p *quietPrinter) Report(engine.Progress)  {}
func (p *quietPrinter) End()                    {}
func (p *quietPrinter) Footer(string)           {}
func (p *quietPrinter) Redraw()                 {}

// Warn prints: quiet is about progress, and warnings are none.
func (p *quietPrinter) Warn(text string) {
	p.Around(func() { fmt.Fprintln(p.w, warning(text, p.color)) })
}

func (p *quietPrinter) Info(string) {}

func (p *quietPrinter) Around(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

type jsonPrinter struct {
	mu     sync.Mutex
	w      io.Writer
	dryRun bool
	last   lastText
}

type jsonEvent struct {
	DryRun   bool         `json:"dry-run,omitempty"`
	ID       string       `json:"id,omitempty"`
	ParentID string       `json:"parent_id,omitempty"`
	Status   engine.Phase `json:"status,omitempty"`
	Text     string       `json:"text,omitempty"`
	Details  string       `json:"details,omitempty"`
	Current  int64        `json:"current,omitempty"`
	Total    int64        `json:"total,omitempty"`
	Percent  int          `json:"percent,omitempty"`
}

type jsonMessage struct {
	Level   string `json:"level"`
	Message string `json:"message"`
}

func (p *jsonPrinter) Begin(string, plan.Plan) {}
func (p *jsonPrinter) End()                    {}
func (p *jsonPrinter) Footer(string)           {}
func (p *jsonPrinter) Redraw()                 {}

func (p *jsonPrinter) Report(e engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wordless(e) || e.Total == 0 && p.last.repeats(e) {
		return
	}
	out := jsonEvent{
		DryRun: p.dryRun, ID: e.ID, ParentID: e.Parent, Status: e.Phase, Text: e.Text,
		Details: e.Details, Current: e.Current, Total: e.Total,
	}
	if e.Total > 0 {
		out.Percent = int(min(100, e.Current*100/e.Total))
	}
	p.encode(out)
}

func (p *jsonPrinter) Warn(text string) { p.message("warning", text) }
func (p *jsonPrinter) Info(text string) { p.message("info", text) }

func (p *jsonPrinter) message(level, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range strings.Lines(text) {
		p.encode(jsonMessage{Level: level, Message: strings.TrimRight(l, "\n")})
	}
}

func (p *jsonPrinter) Around(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// encode writes one object per line. Progress that cannot be written is no
// reason to stop the operation.
func (p *jsonPrinter) encode(v any) {
	_ = NewJSONEncoder(p.w).Encode(v)
}

// remark is a text of one line or more without the newline at its end.
func remark(s string) string { return EscapeText(strings.TrimRight(s, "\n")) }

// warning marks every line of a text as a warning.
func warning(text string, color bool) string {
	mark := "warning: "
	if color {
		mark = "\x1b[33mwarning:" + reset + " "
	}
	return mark + strings.ReplaceAll(remark(text), "\n", "\n"+mark)
}

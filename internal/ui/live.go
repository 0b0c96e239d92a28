package ui

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// frame is the time between two drawings of the live view.
const frame = 100 * time.Millisecond

const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearBelow = "\r\x1b[J"
)

// RestoreCursor shows the cursor of a terminal that a live view is left on.
func RestoreCursor(w io.Writer) { _, _ = io.WriteString(w, showCursor) } // the terminal may be gone

// live redraws a view of the operation in place. While nothing works, nothing
// is drawn; events are drawn at most once per frame.
type live struct {
	w   io.Writer
	opt PrinterOptions

	mu    sync.Mutex
	view  *view
	foot  string // the line below the view
	drawn []int  // widths of the lines on the screen
	dirty bool
	wake  chan struct{}
	stop  chan struct{}
	done  chan struct{}
}

func newLive(w io.Writer, opt PrinterOptions) *live {
	return &live{w: w, opt: opt}
}

func (l *live) Begin(operation string, plan plan.Plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		l.view.plan(plan)
		return
	}
	l.view = newView(operation, plan, l.opt)
	l.wake, l.stop, l.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	_, _ = io.WriteString(l.w, hideCursor)
	go l.run(l.wake, l.stop, l.done)
}

func (l *live) Report(e engine.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.view == nil {
		return
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	l.view.report(e)
	l.dirty = true
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *live) Warn(text string) {
	l.Around(func() { fmt.Fprintln(l.w, warning(text, l.opt.Color)) })
}

func (l *live) Info(text string) {
	l.Around(func() { fmt.Fprintln(l.w, remark(text)) })
}

// Around erases the view, runs f and draws the view again.
func (l *live) Around(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.drawn) > 0 {
		_, _ = l.w.Write(l.erase(l.size()))
		l.drawn = nil
	}
	f()
	if l.stop != nil || l.foot != "" {
		l.draw(time.Now())
	}
}

func (l *live) Footer(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text == l.foot {
		return
	}
	l.foot = text
	l.draw(time.Now())
}

func (l *live) Redraw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drawn = nil
	l.draw(time.Now())
}

func (l *live) End() {
	l.mu.Lock()
	if l.stop == nil {
		l.mu.Unlock()
		return
	}
	close(l.stop)
	done := l.done
	l.mu.Unlock()
	<-done
	l.mu.Lock()
	defer l.mu.Unlock()
	foot := l.foot
	l.foot = ""
	l.draw(time.Now()) // the last picture of the view stays
	_, _ = io.WriteString(l.w, showCursor)
	l.stop, l.drawn, l.view, l.foot = nil, nil, nil, foot
	if foot != "" {
		l.draw(time.Now())
	}
}

// run draws a frame after an event, and one per tick while something works.
func (l *live) run(wake, stop <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	tick := time.NewTicker(frame)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-wake:
		}
		for again := true; again; {
			l.mu.Lock()
			if l.dirty || l.view.working() {
				l.draw(time.Now())
			}
			again = l.view.working()
			l.mu.Unlock()
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}
}

// draw replaces what is on the screen, in one write.
func (l *live) draw(now time.Time) {
	columns, rows := l.size()
	out := l.erase(columns, rows)
	l.drawn = l.drawn[:0]
	if l.view != nil && l.stop != nil {
		if l.foot != "" {
			rows--
		}
		for _, text := range l.view.lines(now, columns, rows) {
			out = append(append(out, text.text...), '\n')
			l.drawn = append(l.drawn, text.width)
		}
	}
	if l.foot != "" {
		text := cut(l.foot, columns-1)
		out = append(append(out, text...), '\n')
		l.drawn = append(l.drawn, width(text))
	}
	l.dirty = false
	_, _ = l.w.Write(out)
}

// erase moves to the first line of the view and clears everything below. A
// terminal that became narrower since has wrapped the lines; what left it at
// the top cannot be erased any more.
func (l *live) erase(columns, rows int) []byte {
	up := 0
	for _, w := range l.drawn {
		up += max(1, (w+columns-1)/columns)
	}
	if up = min(up, rows-1); up <= 0 {
		return nil
	}
	return fmt.Appendf(nil, "\x1b[%dA%s", up, clearBelow)
}

// size is that of the terminal, or a common one if it is not known.
func (l *live) size() (columns, rows int) {
	if l.opt.Screen != nil {
		if c, r := l.opt.Screen(); c > 0 && r > 0 {
			return c, r
		}
	}
	return 80, 24
}

package cmd

import (
	"bytes"
	"fmt"
	"io"

	"github.com/musterdev/muster/convergence"
)

// hookOutput shows what a hook prints, line by line, as its container's.
func (a *attached) hookOutput(h convergence.RunHook) io.Writer {
	c := convergence.Container{Ref: h.Target, Service: h.Service}
	w := &hookWriter{a: a, name: logName(a.op.target.name, c) + " ->"}
	if h.Kind == "pre_start" { // it has a container of its own, which nobody knows
		w.name = fmt.Sprintf("%s pre_start[%d] ->", h.Service, h.Index)
	}
	a.hooksMu.Lock()
	defer a.hooksMu.Unlock()
	a.hooks = append(a.hooks, w)
	return w
}

// flushHooks prints what hooks left without a newline.
func (a *attached) flushHooks() {
	a.hooksMu.Lock()
	defer a.hooksMu.Unlock()
	for _, w := range a.hooks {
		if len(w.rest) > 0 {
			// Output that cannot be written was reported with the containers'.
			_ = a.logs.Line(w.name, convergence.LogLine{Text: w.rest, Partial: true})
		}
	}
}

type hookWriter struct {
	a    *attached
	name string
	rest []byte
}

// Write prints whole lines.
func (w *hookWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte{'\n'})
		if !found {
			return len(p), nil
		}
		if err := w.a.logs.Line(w.name, convergence.LogLine{Text: line}); err != nil {
			return 0, err
		}
		w.rest = rest
	}
}

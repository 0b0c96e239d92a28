package ui

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// Hook shows what a hook prints, line by line, as its container's.
func (l *Logs) Hook(h plan.RunHook) io.WriteCloser {
	c := engine.Container{Ref: h.Target, Service: h.Service}
	w := &hookWriter{logs: l, name: logName(l.style.Project, c) + " ->"}
	if h.Kind == "pre_start" { // it has a container of its own, which nobody knows
		w.name = fmt.Sprintf("%s pre_start[%d] ->", h.Service, h.Index)
	}
	return w
}

type hookWriter struct {
	logs *Logs
	name string

	mu   sync.Mutex
	rest []byte
}

// Write prints whole lines.
func (w *hookWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte{'\n'})
		if !found {
			return len(p), nil
		}
		if err := w.logs.Line(w.name, engine.LogLine{Text: line}); err != nil {
			return 0, err
		}
		w.rest = rest
	}
}

// Close prints what the hook left without a newline.
func (w *hookWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) == 0 {
		return nil
	}
	err := w.logs.Line(w.name, engine.LogLine{Text: w.rest, Partial: true})
	w.rest = nil
	return err
}

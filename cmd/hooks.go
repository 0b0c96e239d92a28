package cmd

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// hookLogs shows what runs inside of containers, line by line, as its
// container's.
type hookLogs struct {
	logs    *ui.Logs
	project string
}

// writer is for the output of one hook.
func (l *hookLogs) writer(h plan.RunHook) io.WriteCloser {
	c := engine.Container{Ref: h.Target, Service: h.Service}
	w := &hookWriter{logs: l.logs, name: logName(l.project, c) + " ->"}
	if h.Kind == "pre_start" { // it has a container of its own, which nobody knows
		w.name = fmt.Sprintf("%s pre_start[%d] ->", h.Service, h.Index)
	}
	return w
}

type hookWriter struct {
	logs *ui.Logs
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

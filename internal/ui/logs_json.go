package ui

import (
	"encoding/json"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/musterdev/muster/convergence/output"
)

// jsonLogs prints what containers say as one JSON object per line. It is safe
// for concurrent use.
type jsonLogs struct {
	mu      sync.Mutex
	encoder *json.Encoder
}

// newJSONLogs returns a printer to out.
func newJSONLogs(out io.Writer) *jsonLogs { return &jsonLogs{encoder: NewJSONEncoder(out)} }

// logRecord is the object of a line, or of an exit.
type logRecord struct {
	Time      string `json:"time,omitempty"`
	Service   string `json:"service"`
	Container string `json:"container"`
	Stream    string `json:"stream,omitempty"` // stdout or stderr; neither for an exit
	Message   string `json:"message"`
	// Bytes is the message again, in base64, if it is no UTF-8.
	Bytes []byte `json:"bytes,omitempty"`
	// Partial says that the message does not end its line.
	Partial  bool `json:"partial,omitempty"`
	ExitCode *int `json:"exitCode,omitempty"`
}

// Close has nothing to do: every object is complete.
func (j *jsonLogs) Close() error { return nil }

// Output prints a line, an exit or a remark.
func (j *jsonLogs) Output(o output.Output) error {
	r := logRecord{Service: o.Container.Service, Container: o.Container.Name}
	switch {
	case o.Exit != nil:
		r.Message, r.ExitCode = "exited", &o.Exit.Code
		if o.Exit.Restarting {
			r.Message = "exited (restarting)"
		}
	case o.Note != "":
		r.Message = o.Note
	default:
		r.Stream, r.Message, r.Partial = "stdout", string(o.Line.Text), o.Line.Partial
		if o.Line.Stderr {
			r.Stream = "stderr"
		}
		if !o.Line.Time.IsZero() {
			r.Time = o.Line.Time.Format(time.RFC3339Nano)
		}
		if !utf8.Valid(o.Line.Text) {
			r.Bytes = o.Line.Text
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.encoder.Encode(r)
}

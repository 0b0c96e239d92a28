package build

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"

	"github.com/musterdev/muster/engine"
)

// keptLines are the last lines of output that a failure shows.
const keptLines = 20

// output turns BuildKit's plain progress into lines of ours and remembers the last.
type output struct {
	spec   engine.BuildSpec
	report func(engine.Progress)

	mu      sync.Mutex // the display and the frontend write from goroutines of their own
	partial bytes.Buffer
	last    []string
	failed  string // the step that failed
}

func newOutput(spec engine.BuildSpec, report func(engine.Progress)) *output {
	return &output{spec: spec, report: report}
}

// follow shows the status until the channel closes. It has its own context, so
// that the last words of a build that failed are still read.
func (o *output) follow(status chan *client.SolveStatus) error {
	display, err := progressui.NewDisplay(o, progressui.PlainMode)
	if err != nil {
		for range status { // whoever sends must not block
		}
		return err
	}
	shown := make(chan *client.SolveStatus)
	go func() {
		defer close(shown)
		for s := range status {
			o.notice(s)
			shown <- s
		}
	}()
	_, err = display.UpdateFrom(context.Background(), shown)
	return err
}

// notice remembers the first step that failed.
func (o *output) notice(s *client.SolveStatus) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range s.Vertexes {
		if v.Error != "" && o.failed == "" {
			o.failed = v.Name
		}
	}
}

func (o *output) failedStep() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

// Write implements io.Writer for the display.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.partial.Write(p)
	for {
		line, err := o.partial.ReadString('\n')
		if err != nil { // no whole line: keep it
			o.partial.WriteString(line)
			return len(p), nil
		}
		o.line(line)
	}
}

// say shows text that is no progress: the result of a check.
func (o *output) say(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for line := range strings.Lines(text) {
		o.line(line)
	}
}

func (o *output) line(line string) {
	line = engine.HideInAddresses(strings.TrimRight(line, "\r\n"))
	if line == "" {
		return
	}
	if o.last = append(o.last, line); len(o.last) > keptLines {
		o.last = o.last[1:]
	}
	doing := "Building"
	if o.spec.Check {
		doing = "Checking"
	}
	if !o.spec.Quiet {
		o.report(engine.Progress{
			ID: "Image " + o.spec.Service.Image, Service: o.spec.Service.Name, Phase: engine.Working,
			Text: doing, Details: line, At: time.Now(),
		})
	}
}

func (o *output) tail() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.last...)
}

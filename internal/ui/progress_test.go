package ui

import (
	"bytes"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

func events() []engine.Progress {
	return []engine.Progress{
		event("", "Network demo_default", engine.Working, "Creating"),
		event("", "Network demo_default", engine.Working, "Creating"),
		event("", "Network demo_default", engine.Done, "Created"),
		{ID: "aaa", Parent: "Image web:1", Phase: engine.Working, Text: "Downloading", Details: "1MB", Current: 1, Total: 4},
		{ID: "aaa", Parent: "Image web:1", Phase: engine.Working, Text: "Downloading", Details: "2MB", Current: 2, Total: 4},
		{ID: "Container demo-web-1", Phase: engine.Warning, Text: "Skipped", Details: "optional\ndependency"},
	}
}

func TestPlainAndJSONProgress(t *testing.T) {
	for mode, want := range map[Mode]string{
		Plain: " Network demo_default Creating \n Network demo_default Created \n aaa Downloading 1MB\n Container demo-web-1 Skipped optional dependency\nwarning: careful\n",
		JSON: `{"id":"Network demo_default","status":"Working","text":"Creating"}
{"id":"Network demo_default","status":"Done","text":"Created"}
{"id":"aaa","parent_id":"Image web:1","status":"Working","text":"Downloading","details":"1MB","current":1,"total":4,"percent":25}
{"id":"aaa","parent_id":"Image web:1","status":"Working","text":"Downloading","details":"2MB","current":2,"total":4,"percent":50}
{"id":"Container demo-web-1","status":"Warning","text":"Skipped","details":"optional\ndependency"}
{"level":"warning","message":"careful"}
`,
		Quiet: "warning: careful\n",
	} {
		var out bytes.Buffer
		p := NewPrinter(&out, mode, PrinterOptions{})
		p.Begin("up", plan.Plan{})
		for _, e := range events() {
			p.Report(e)
		}
		p.Warn("careful\n")
		p.End()
		if got := out.String(); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", mode, got, want)
		}
	}
}

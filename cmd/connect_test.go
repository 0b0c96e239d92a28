package cmd

import (
	"bytes"
	"strings"
	"testing"
)

// TestUnknownContext: an engine that cannot be chosen is one line, whatever the
// command makes of it.
func TestUnknownContext(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": refusalsFile})
	for _, line := range []string{"ps", "up -d", "exec web true", "ls", "logs", "events", "stats --no-stream", "supervise", "down --rmi all"} {
		app := System()
		var out, errs bytes.Buffer
		app.In, app.Out, app.Err, app.Dir, app.LockDir = strings.NewReader(""), &out, &errs, h.dir, h.dir
		app.Terminal, app.Program = Terminal{}, "muster"
		app.Env = append(h.env, "DOCKER_CONTEXT=nowhere", "DOCKER_CONFIG="+h.dir)
		code := Main(app, strings.Fields(line))
		if code != 1 || out.Len() > 0 || strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), "nowhere") {
			t.Errorf("muster %s ends with code %d\n[stdout]\n%s[stderr]\n%s", line, code, out.String(), errs.String())
		}
	}
}

package enginetest

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

func insideTests() []test {
	return []test{
		{"exec returns code and output", (*harness).testExec, containers | inside},
		{"exec sees the environment, without what a name alone takes away", (*harness).testExecEnvironment, containers | inside},
		{"exec keeps the end of long output", (*harness).testExecTail, containers | inside},
		{"exec needs a running container", (*harness).testExecStopped, containers | inside},
		{"exec of a missing program has code 126 or 127", (*harness).testExecMissing, containers | inside},
		{"exec ends with its context", (*harness).testExecCanceled, containers | inside},
		{"files are copied in before the start", (*harness).testCopy, containers | inside},
	}
}

// mostKept is how much of a command's output its result keeps.
const mostKept = 4096

func (h *harness) testExec() {
	c := h.up("web", obedient, nil)
	stdout := "echo out; echo err >&2; exit 5"
	r := h.exec(c, stdout)
	if r.ExitCode != 5 || !strings.Contains(r.Output, "out\n") || !strings.Contains(r.Output, "err\n") {
		h.Errorf("exec = %d with %q, want 5 with both streams", r.ExitCode, r.Output)
	}
	var b bytes.Buffer
	r, err := h.Exec(h.Context(), c, engine.ExecSpec{Command: []string{"echo", "hello"}, Output: &b})
	h.must(err)
	if r.ExitCode != 0 || b.String() != "hello\n" {
		h.Errorf("exec = %d, wrote %q, want 0 and hello", r.ExitCode, b.String())
	}
	if got := h.exec(c, "echo hidden").Output; strings.Contains(strings.Join(h.logs(c, engine.LogOptions{Tail: -1}), ""), strings.TrimSpace(got)) {
		h.Error("output of exec is in the container's log")
	}
}

func (h *harness) testExecEnvironment() {
	c := h.up("web", obedient, func(c *types.ServiceConfig) {
		c.Environment = types.NewMappingWithEquals([]string{"A=1", "B=2", "C=4"})
	})
	r, err := h.Exec(h.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", "echo $A $B; env"}, Environment: []string{"B=3", "C"}})
	h.must(err)
	if !strings.HasPrefix(r.Output, "1 3\n") || strings.Contains(r.Output, "\nC=") {
		h.Errorf("output = %q, want 1 3 and no C", r.Output)
	}
}

func (h *harness) testExecTail() {
	h.service("web", obedient, nil)
	c := h.create("web")
	h.must(h.CopyTo(h.Context(), c, []engine.FileContent{{Path: "/long", Content: []byte(strings.Repeat("x", 9000) + "end"), Mode: 0o644}}))
	h.must(h.StartContainer(h.Context(), c))
	if got := h.exec(c, "cat /long").Output; len(got) > mostKept || !strings.HasSuffix(got, "xend") {
		h.Errorf("kept %d bytes, want the last %d at most", len(got), mostKept)
	}
}

func (h *harness) testExecStopped() {
	h.service("web", obedient, nil)
	c := h.create("web")
	if _, err := h.Exec(h.Context(), c, engine.ExecSpec{Command: []string{"true"}}); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("exec in a created container = %v, want a conflict", err)
	}
}

func (h *harness) testExecMissing() {
	c := h.up("web", obedient, nil)
	r, err := h.Exec(h.Context(), c, engine.ExecSpec{Command: []string{"no-such-program"}})
	h.must(err)
	if r.ExitCode != 126 && r.ExitCode != 127 {
		h.Errorf("exit code = %d, want 126 or 127", r.ExitCode)
	}
}

func (h *harness) testExecCanceled() {
	c := h.up("web", obedient, nil)
	ctx, cancel := context.WithCancel(h.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := h.Exec(ctx, c, engine.ExecSpec{Command: []string{"sh", "-c", "touch /begun; sleep 1000"}})
		ended <- err
	}()
	h.awaits("the command", func() bool { return h.exec(c, "test -f /begun").ExitCode == 0 })
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			h.Error("exec = nil, want its context's end")
		}
	case <-h.fx.Patience.Out(h.Context()):
		h.Error("exec goes on although its context has ended")
	}
}

func (h *harness) testCopy() {
	h.service("web", "cat /run/secrets/token; "+obedient, nil)
	c := h.create("web")
	h.must(h.CopyTo(h.Context(), c, []engine.FileContent{
		{Path: "/run/secrets/token", Content: []byte("s3cret\n"), Mode: 0o400},
		{Path: "/etc/app.conf", Content: nil, Mode: 0o644},
	}))
	h.must(h.StartContainer(h.Context(), c))
	h.ready(c)
	if got := h.exec(c, "cat /run/secrets/token; test -f /etc/app.conf"); got.Output != "s3cret\n" || got.ExitCode != 0 {
		h.Errorf("inside: %q, code %d", got.Output, got.ExitCode)
	}
	h.must(h.CopyTo(h.Context(), c, []engine.FileContent{{Path: "/run/secrets/token", Content: []byte("new"), Mode: 0o400}}))
	if got := h.exec(c, "cat /run/secrets/token").Output; got != "new" {
		h.Errorf("after a copy into the running container: %q", got)
	}
	h.must(h.StopContainer(h.Context(), c, nil))
	if got := h.logs(c, engine.LogOptions{Tail: -1}); len(got) == 0 || got[0] != "s3cret" {
		h.Errorf("log = %q, want the file's content at start", got)
	}
}

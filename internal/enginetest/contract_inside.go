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
		{"exec returns code and output", (*stage).testExec, containers | inside},
		{"exec sees the environment, without what a name alone takes away", (*stage).testExecEnvironment, containers | inside},
		{"exec keeps the end of long output", (*stage).testExecTail, containers | inside},
		{"exec needs a running container", (*stage).testExecStopped, containers | inside},
		{"exec of a missing program has code 126 or 127", (*stage).testExecMissing, containers | inside},
		{"exec ends with its context", (*stage).testExecCanceled, containers | inside},
		{"files are copied in before the start", (*stage).testCopy, containers | inside},
	}
}

// mostKept is how much of a command's output its result keeps.
const mostKept = 4096

func (s *stage) testExec() {
	c := s.up("web", obedient, nil)
	stdout := "echo out; echo err >&2; exit 5"
	r := s.exec(c, stdout)
	if r.ExitCode != 5 || !strings.Contains(r.Output, "out\n") || !strings.Contains(r.Output, "err\n") {
		s.Errorf("exec = %d with %q, want 5 with both streams", r.ExitCode, r.Output)
	}
	var b bytes.Buffer
	r, err := s.Exec(s.Context(), c, engine.ExecSpec{Command: []string{"echo", "hello"}, Output: &b})
	s.must(err)
	if r.ExitCode != 0 || b.String() != "hello\n" {
		s.Errorf("exec = %d, wrote %q, want 0 and hello", r.ExitCode, b.String())
	}
	if got := s.exec(c, "echo hidden").Output; strings.Contains(strings.Join(s.logs(c, engine.LogOptions{Tail: -1}), ""), strings.TrimSpace(got)) {
		s.Error("output of exec is in the container's log")
	}
}

func (s *stage) testExecEnvironment() {
	c := s.up("web", obedient, func(c *types.ServiceConfig) {
		c.Environment = types.NewMappingWithEquals([]string{"A=1", "B=2", "C=4"})
	})
	r, err := s.Exec(s.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", "echo $A $B; env"}, Environment: []string{"B=3", "C"}})
	s.must(err)
	if !strings.HasPrefix(r.Output, "1 3\n") || strings.Contains(r.Output, "\nC=") {
		s.Errorf("output = %q, want 1 3 and no C", r.Output)
	}
}

func (s *stage) testExecTail() {
	s.service("web", obedient, nil)
	c := s.create("web")
	s.must(s.CopyTo(s.Context(), c, []engine.FileContent{{Path: "/long", Content: []byte(strings.Repeat("x", 9000) + "end"), Mode: 0o644}}))
	s.must(s.StartContainer(s.Context(), c))
	if got := s.exec(c, "cat /long").Output; len(got) > mostKept || !strings.HasSuffix(got, "xend") {
		s.Errorf("kept %d bytes, want the last %d at most", len(got), mostKept)
	}
}

func (s *stage) testExecStopped() {
	s.service("web", obedient, nil)
	c := s.create("web")
	if _, err := s.Exec(s.Context(), c, engine.ExecSpec{Command: []string{"true"}}); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("exec in a created container = %v, want a conflict", err)
	}
}

func (s *stage) testExecMissing() {
	c := s.up("web", obedient, nil)
	r, err := s.Exec(s.Context(), c, engine.ExecSpec{Command: []string{"no-such-program"}})
	s.must(err)
	if r.ExitCode != 126 && r.ExitCode != 127 {
		s.Errorf("exit code = %d, want 126 or 127", r.ExitCode)
	}
}

func (s *stage) testExecCanceled() {
	c := s.up("web", obedient, nil)
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := s.Exec(ctx, c, engine.ExecSpec{Command: []string{"sh", "-c", "touch /begun; sleep 1000"}})
		ended <- err
	}()
	s.awaits("the command", func() bool { return s.exec(c, "test -f /begun").ExitCode == 0 })
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			s.Error("exec = nil, want its context's end")
		}
	case <-s.fx.Patience.Out(s.Context()):
		s.Error("exec goes on although its context has ended")
	}
}

func (s *stage) testCopy() {
	s.service("web", "cat /run/secrets/token; "+obedient, nil)
	c := s.create("web")
	s.must(s.CopyTo(s.Context(), c, []engine.FileContent{
		{Path: "/run/secrets/token", Content: []byte("s3cret\n"), Mode: 0o400},
		{Path: "/etc/app.conf", Content: nil, Mode: 0o644},
	}))
	s.must(s.StartContainer(s.Context(), c))
	s.ready(c)
	if got := s.exec(c, "cat /run/secrets/token; test -f /etc/app.conf"); got.Output != "s3cret\n" || got.ExitCode != 0 {
		s.Errorf("inside: %q, code %d", got.Output, got.ExitCode)
	}
	s.must(s.CopyTo(s.Context(), c, []engine.FileContent{{Path: "/run/secrets/token", Content: []byte("new"), Mode: 0o400}}))
	if got := s.exec(c, "cat /run/secrets/token").Output; got != "new" {
		s.Errorf("after a copy into the running container: %q", got)
	}
	s.must(s.StopContainer(s.Context(), c, nil))
	if got := s.logs(c, engine.LogOptions{Tail: -1}); len(got) == 0 || got[0] != "s3cret" {
		s.Errorf("log = %q, want the file's content at start", got)
	}
}

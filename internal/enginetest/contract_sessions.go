package enginetest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

func sessionTests() []test {
	return []test{
		{"a command has three streams and a code", (*stage).testDialog, containers | inside},
		{"a terminal has one stream and its own line ends", (*stage).testDialogTerminal, containers | inside},
		{"a shell runs what its input says", (*stage).testDialogScript, containers | inside},
		{"a command in a container that is down is refused", (*stage).testDialogRefused, containers | inside},
		{"a detached command goes on by itself", (*stage).testExecDetached, containers | inside},
		{"who is attached before the start misses nothing", (*stage).testAttach, containers | inside},
		{"input reaches the container's own process", (*stage).testAttachInput, containers | inside},
		{"waiting gives the exit code, and that of the past", (*stage).testWait, containers | inside},
		{"files and folders come out as an archive", (*stage).testCopyFrom, containers | inside},
		{"archives go into folders that are there", (*stage).testCopyArchive, containers | inside},
		{"an export holds the container's files", (*stage).testExport, containers | inside},
		{"a commit makes an image that can run", (*stage).testCommit, containers | images | inside},
	}
}

// talk writes the input, reads everything and returns what came.
func (s *stage) talk(d engine.Session, input string) (stdout, stderr string, code int) {
	s.Helper()
	ctx, cancel := s.fx.Patience.Context(s.Context())
	defer cancel()
	context.AfterFunc(ctx, func() { _ = d.Close() }) // a session that hangs ends here
	_, err := io.WriteString(d, input)
	s.must(err)
	s.must(d.CloseWrite())
	var out, errs bytes.Buffer
	s.must(d.Copy(&out, &errs))
	code, err = d.ExitCode(ctx)
	s.must(err)
	return out.String(), errs.String(), code
}

func (s *stage) testDialog() {
	c := s.up("web", obedient, nil)
	d, err := s.StartExec(s.Context(), c, engine.ExecSpec{
		Command: []string{"sh", "-c", "cat; echo oops >&2; id -u; pwd; echo $WHAT; exit 7"}, User: "1234", WorkingDir: "/tmp", Environment: []string{"WHAT=env"},
	}, engine.SessionOptions{Stdin: true})
	s.must(err)
	out, errs, code := s.talk(d, "a\x00b\r\n")
	if out != "a\x00b\r\n1234\n/tmp\nenv\n" || errs != "oops\n" || code != 7 {
		s.Errorf("standard output %q, standard error %q, code %d", out, errs, code)
	}
}

func (s *stage) testDialogTerminal() {
	c := s.up("web", obedient, nil)
	d, err := s.StartExec(s.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", "echo one; echo two >&2"}}, engine.SessionOptions{TTY: true})
	s.must(err)
	var out, errs bytes.Buffer
	s.must(d.Copy(&out, &errs))
	if out.String() != "one\r\ntwo\r\n" || errs.Len() > 0 {
		s.Errorf("output %q and %q", out.String(), errs.String())
	}
}

func (s *stage) testDialogScript() {
	c := s.up("web", obedient, nil)
	d, err := s.StartExec(s.Context(), c, engine.ExecSpec{Command: []string{"sh"}}, engine.SessionOptions{Stdin: true})
	s.must(err)
	if out, _, code := s.talk(d, "echo from the script\nexit 4\n"); out != "from the script\n" || code != 4 {
		s.Errorf("output %q, code %d", out, code)
	}
}

func (s *stage) testDialogRefused() {
	s.service("web", obedient, nil)
	c := s.create("web")
	_, err := s.StartExec(s.Context(), c, engine.ExecSpec{Command: []string{"true"}}, engine.SessionOptions{})
	if !errors.Is(err, engine.ErrConflict) {
		s.Errorf("error %v, want a conflict", err)
	}
}

func (s *stage) testExecDetached() {
	c := s.up("web", obedient, nil)
	s.must(s.StartExecDetached(s.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", "sleep 0.1; touch /done"}}))
	s.exec(c, turn("/done"))
}

func (s *stage) testAttach() {
	s.service("job", "echo first; echo second >&2; exit 3", nil)
	c := s.create("job")
	d, err := s.AttachContainer(s.Context(), c, engine.SessionOptions{})
	s.must(err)
	s.must(s.StartContainer(s.Context(), c))
	var out, errs bytes.Buffer
	s.must(d.Copy(&out, &errs))
	code, err := d.ExitCode(s.Context())
	s.must(err)
	if out.String() != "first\n" || errs.String() != "second\n" || code != 3 {
		s.Errorf("standard output %q, standard error %q, code %d", out.String(), errs.String(), code)
	}
}

func (s *stage) testAttachInput() {
	s.service("job", "cat; echo end", func(c *types.ServiceConfig) { c.StdinOpen = true })
	spec := s.spec("job")
	spec.OneOff = true // its input ends with the first who is attached
	made, err := s.CreateContainer(s.Context(), spec)
	s.must(err)
	c := engine.Ref{ID: made.ID, Name: spec.Name}
	d, err := s.AttachContainer(s.Context(), c, engine.SessionOptions{Stdin: true})
	s.must(err)
	s.must(s.StartContainer(s.Context(), c))
	if out, _, code := s.talk(d, "typed\n"); out != "typed\nend\n" || code != 0 {
		s.Errorf("output %q, code %d", out, code)
	}
}

func (s *stage) testWait() {
	c := s.up("job", "sleep 0.1; exit 6", nil)
	for range 2 { // while it runs, and when it is over
		code, err := s.WaitContainer(s.Context(), c)
		s.must(err)
		if code != 6 {
			s.Errorf("code %d, want 6", code)
		}
	}
	again := s.up("again", turn("/go")+"rm /go; exit 5", func(c *types.ServiceConfig) { c.Restart = "always" })
	ended := make(chan error, 1)
	go func() { // ends with an exit, although the container is restarted, which may have reset the code
		_, err := s.WaitContainer(s.Context(), again)
		ended <- err
	}()
	// Whether the engine waits already cannot be seen: more than one exit, then.
	s.awaits("the end of waiting", func() bool {
		_, _ = s.Exec(s.Context(), again, engine.ExecSpec{Command: []string{"touch", "/go"}}) // it may be down
		return len(ended) > 0
	})
	s.must(<-ended)
	if _, err := s.WaitContainer(s.Context(), engine.Ref{Name: s.name + "-none"}); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("error %v, want not found", err)
	}
}

// members are the names and contents of an archive's files.
func (s *stage) members(r io.Reader) map[string]string {
	s.Helper()
	found := map[string]string{}
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		s.must(err)
		content, err := io.ReadAll(archive)
		s.must(err)
		if h.Typeflag == tar.TypeReg {
			found[h.Name] = string(content)
		}
	}
}

func (s *stage) testCopyFrom() {
	c := s.run("web", "mkdir /tmp/d; echo one > /tmp/d/one; echo two > /tmp/two; "+obedient, nil)
	for path, want := range map[string]string{"/tmp/d": "d/one", "/tmp/two": "two"} {
		content, stat, err := s.CopyFrom(s.Context(), c, path)
		s.must(err)
		got := s.members(content)
		s.must(content.Close())
		if len(got) != 1 || got[want] == "" || stat.Folder != (path == "/tmp/d") {
			s.Errorf("%s holds %q, folder %v", path, got, stat.Folder)
		}
	}
	if _, _, err := s.CopyFrom(s.Context(), c, "/tmp/none"); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("error %v, want not found", err)
	}
	if _, err := s.StatPath(s.Context(), c, "/tmp/none"); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("error %v, want not found", err)
	}
}

// sent is an archive of the folder sent with the file x.
func (s *stage) sent(content string) []byte {
	s.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	s.must(w.WriteHeader(&tar.Header{Name: "sent/", Typeflag: tar.TypeDir, Mode: 0o755}))
	s.must(w.WriteHeader(&tar.Header{Name: "sent/x", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}))
	_, err := io.WriteString(w, content)
	s.must(err)
	s.must(w.Close())
	return b.Bytes()
}

func (s *stage) testCopyArchive() {
	s.service("web", obedient, nil)
	c := s.create("web")
	archive := s.sent("content\n")
	s.must(s.CopyArchive(s.Context(), c, "/tmp", bytes.NewReader(archive), false))
	s.must(s.StartContainer(s.Context(), c))
	if got := s.exec(c, "cat /tmp/sent/x").Output; got != "content\n" {
		s.Errorf("content %q", got)
	}
	err := s.CopyArchive(s.Context(), c, "/tmp/none", bytes.NewReader(archive), false)
	if !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("error %v, want not found", err)
	}
}

func (s *stage) testExport() {
	c := s.run("web", "echo mine > /tmp/mine; "+obedient, nil)
	var b bytes.Buffer
	s.must(s.ExportContainer(s.Context(), c, &b))
	if got := s.members(&b)["tmp/mine"]; got != "mine\n" {
		s.Errorf("content %q", got)
	}
}

func (s *stage) testCommit() {
	c := s.run("web", obedient, nil)
	ref := strings.ToLower(s.name) + "-committed:1"
	id, err := s.CommitContainer(s.Context(), c, engine.CommitOptions{Reference: ref, Changes: []string{"ENV MARK=here"}})
	s.must(err)
	s.Cleanup(func() { s.must(s.RemoveImage(context.Background(), ref)) })
	images, err := s.ListImages(s.Context(), []engine.ImageRef{{Ref: ref}})
	s.must(err)
	if len(images) != 1 || images[0].ID != id || !strings.HasPrefix(id, "sha256:") {
		s.Fatalf("images %+v, committed %s", images, id)
	}
	built, err := s.ListBuiltImages(s.Context(), s.name)
	s.must(err)
	if len(built) != 1 || built[0].Ref != ref || built[0].Service != "web" {
		s.Errorf("built images %+v", built)
	}
}

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
		{"a command has three streams and a code", (*harness).testDialog, containers | inside},
		{"a terminal has one stream and its own line ends", (*harness).testDialogTerminal, containers | inside},
		{"a shell runs what its input says", (*harness).testDialogScript, containers | inside},
		{"a command in a container that is down is refused", (*harness).testDialogRefused, containers | inside},
		{"a detached command goes on by itself", (*harness).testExecDetached, containers | inside},
		{"who is attached before the start misses nothing", (*harness).testAttach, containers | inside},
		{"input reaches the container's own process", (*harness).testAttachInput, containers | inside},
		{"waiting gives the exit code, and that of the past", (*harness).testWait, containers | inside},
		{"files and folders come out as an archive", (*harness).testCopyFrom, containers | inside},
		{"archives go into folders that are there", (*harness).testCopyArchive, containers | inside},
		{"an export holds the container's files", (*harness).testExport, containers | inside},
		{"a commit makes an image that can run", (*harness).testCommit, containers | images | inside},
	}
}

// talk writes the input, reads everything and returns what came.
func (h *harness) talk(d engine.Session, input string) (stdout, stderr string, code int) {
	h.Helper()
	ctx, cancel := h.fx.Patience.Context(h.Context())
	defer cancel()
	context.AfterFunc(ctx, func() { _ = d.Close() }) // a session that hangs ends here
	_, err := io.WriteString(d, input)
	h.must(err)
	h.must(d.CloseWrite())
	var out, errs bytes.Buffer
	h.must(d.Copy(&out, &errs))
	code, err = d.ExitCode(ctx)
	h.must(err)
	return out.String(), errs.String(), code
}

func (h *harness) testDialog() {
	c := h.up("web", obedient, nil)
	d, err := h.StartExec(h.Context(), c, engine.ExecSpec{
		Command: []string{"sh", "-c", "cat; echo oops >&2; id -u; pwd; echo $WHAT; exit 7"}, User: "1234", WorkingDir: "/tmp", Environment: []string{"WHAT=env"},
	}, engine.SessionOptions{Stdin: true})
	h.must(err)
	out, errs, code := h.talk(d, "a\x00b\r\n")
	if out != "a\x00b\r\n1234\n/tmp\nenv\n" || errs != "oops\n" || code != 7 {
		h.Errorf("standard output %q, standard error %q, code %d", out, errs, code)
	}
}

func (h *harness) testDialogTerminal() {
	c := h.up("web", obedient, nil)
	d, err := h.StartExec(h.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", "echo one; echo two >&2"}}, engine.SessionOptions{TTY: true})
	h.must(err)
	var out, errs bytes.Buffer
	h.must(d.Copy(&out, &errs))
	if out.String() != "one\r\ntwo\r\n" || errs.Len() > 0 {
		h.Errorf("output %q and %q", out.String(), errs.String())
	}
}

func (h *harness) testDialogScript() {
	c := h.up("web", obedient, nil)
	d, err := h.StartExec(h.Context(), c, engine.ExecSpec{Command: []string{"sh"}}, engine.SessionOptions{Stdin: true})
	h.must(err)
	if out, _, code := h.talk(d, "echo from the script\nexit 4\n"); out != "from the script\n" || code != 4 {
		h.Errorf("output %q, code %d", out, code)
	}
}

func (h *harness) testDialogRefused() {
	h.service("web", obedient, nil)
	c := h.create("web")
	_, err := h.StartExec(h.Context(), c, engine.ExecSpec{Command: []string{"true"}}, engine.SessionOptions{})
	if !errors.Is(err, engine.ErrConflict) {
		h.Errorf("error %v, want a conflict", err)
	}
}

func (h *harness) testExecDetached() {
	c := h.up("web", obedient, nil)
	h.must(h.StartExecDetached(h.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", "sleep 0.1; touch /done"}}))
	h.exec(c, turn("/done"))
}

func (h *harness) testAttach() {
	h.service("job", "echo first; echo second >&2; exit 3", nil)
	c := h.create("job")
	d, err := h.AttachContainer(h.Context(), c, engine.SessionOptions{})
	h.must(err)
	h.must(h.StartContainer(h.Context(), c))
	var out, errs bytes.Buffer
	h.must(d.Copy(&out, &errs))
	code, err := d.ExitCode(h.Context())
	h.must(err)
	if out.String() != "first\n" || errs.String() != "second\n" || code != 3 {
		h.Errorf("standard output %q, standard error %q, code %d", out.String(), errs.String(), code)
	}
}

func (h *harness) testAttachInput() {
	h.service("job", "cat; echo end", func(c *types.ServiceConfig) { c.StdinOpen = true })
	spec := h.spec("job")
	spec.OneOff = true // its input ends with the first who is attached
	made, err := h.CreateContainer(h.Context(), spec)
	h.must(err)
	c := engine.Ref{ID: made.ID, Name: spec.Name}
	d, err := h.AttachContainer(h.Context(), c, engine.SessionOptions{Stdin: true})
	h.must(err)
	h.must(h.StartContainer(h.Context(), c))
	if out, _, code := h.talk(d, "typed\n"); out != "typed\nend\n" || code != 0 {
		h.Errorf("output %q, code %d", out, code)
	}
}

func (h *harness) testWait() {
	c := h.up("job", "sleep 0.1; exit 6", nil)
	for range 2 { // while it runs, and when it is over
		code, err := h.WaitContainer(h.Context(), c)
		h.must(err)
		if code != 6 {
			h.Errorf("code %d, want 6", code)
		}
	}
	again := h.up("again", turn("/go")+"rm /go; exit 5", func(c *types.ServiceConfig) { c.Restart = "always" })
	ended := make(chan error, 1)
	go func() { // ends with an exit, although the container is restarted, which may have reset the code
		_, err := h.WaitContainer(h.Context(), again)
		ended <- err
	}()
	// Whether the engine waits already cannot be seen: more than one exit, then.
	h.awaits("the end of waiting", func() bool {
		_, _ = h.Exec(h.Context(), again, engine.ExecSpec{Command: []string{"touch", "/go"}}) // it may be down
		return len(ended) > 0
	})
	h.must(<-ended)
	if _, err := h.WaitContainer(h.Context(), engine.Ref{Name: h.name + "-none"}); !errors.Is(err, engine.ErrNotFound) {
		h.Errorf("error %v, want not found", err)
	}
}

// members are the names and contents of an archive's files.
func (h *harness) members(r io.Reader) map[string]string {
	h.Helper()
	found := map[string]string{}
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		h.must(err)
		content, err := io.ReadAll(archive)
		h.must(err)
		if header.Typeflag == tar.TypeReg {
			found[header.Name] = string(content)
		}
	}
}

func (h *harness) testCopyFrom() {
	c := h.run("web", "mkdir /tmp/d; echo one > /tmp/d/one; echo two > /tmp/two; "+obedient, nil)
	for path, want := range map[string]string{"/tmp/d": "d/one", "/tmp/two": "two"} {
		content, stat, err := h.CopyFrom(h.Context(), c, path)
		h.must(err)
		got := h.members(content)
		h.must(content.Close())
		if len(got) != 1 || got[want] == "" || stat.Folder != (path == "/tmp/d") {
			h.Errorf("%s holds %q, folder %v", path, got, stat.Folder)
		}
	}
	if _, _, err := h.CopyFrom(h.Context(), c, "/tmp/none"); !errors.Is(err, engine.ErrNotFound) {
		h.Errorf("error %v, want not found", err)
	}
	if _, err := h.StatPath(h.Context(), c, "/tmp/none"); !errors.Is(err, engine.ErrNotFound) {
		h.Errorf("error %v, want not found", err)
	}
}

// sent is an archive of the folder sent with the file x.
func (h *harness) sent(content string) []byte {
	h.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	h.must(w.WriteHeader(&tar.Header{Name: "sent/", Typeflag: tar.TypeDir, Mode: 0o755}))
	h.must(w.WriteHeader(&tar.Header{Name: "sent/x", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}))
	_, err := io.WriteString(w, content)
	h.must(err)
	h.must(w.Close())
	return b.Bytes()
}

func (h *harness) testCopyArchive() {
	h.service("web", obedient, nil)
	c := h.create("web")
	archive := h.sent("content\n")
	h.must(h.CopyArchive(h.Context(), c, "/tmp", bytes.NewReader(archive), false))
	h.must(h.StartContainer(h.Context(), c))
	if got := h.exec(c, "cat /tmp/sent/x").Output; got != "content\n" {
		h.Errorf("content %q", got)
	}
	err := h.CopyArchive(h.Context(), c, "/tmp/none", bytes.NewReader(archive), false)
	if !errors.Is(err, engine.ErrNotFound) {
		h.Errorf("error %v, want not found", err)
	}
}

func (h *harness) testExport() {
	c := h.run("web", "echo mine > /tmp/mine; "+obedient, nil)
	var b bytes.Buffer
	h.must(h.ExportContainer(h.Context(), c, &b))
	if got := h.members(&b)["tmp/mine"]; got != "mine\n" {
		h.Errorf("content %q", got)
	}
}

func (h *harness) testCommit() {
	c := h.run("web", obedient, nil)
	ref := strings.ToLower(h.name) + "-committed:1"
	id, err := h.CommitContainer(h.Context(), c, engine.CommitOptions{Reference: ref, Changes: []string{"ENV MARK=here"}})
	h.must(err)
	h.Cleanup(func() { h.must(h.RemoveImage(context.Background(), ref)) })
	images, err := h.ListImages(h.Context(), []engine.ImageRef{{Ref: ref}})
	h.must(err)
	if len(images) != 1 || images[0].ID != id || !strings.HasPrefix(id, "sha256:") {
		h.Fatalf("images %+v, committed %s", images, id)
	}
	built, err := h.ListBuiltImages(h.Context(), h.name)
	h.must(err)
	if len(built) != 1 || built[0].Ref != ref || built[0].Service != "web" {
		h.Errorf("built images %+v", built)
	}
}

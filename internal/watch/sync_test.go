package watch_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/watch"
)

// recorder is a container that remembers what was done to it. Like the engine it
// refuses to replace folders by files or links, and the other way round.
type recorder struct {
	files    map[string]string // by absolute path; folders end in a slash
	links    map[string]bool   // links to folders
	commands [][]string
	copies   int
}

var errRefused = errors.New("cannot overwrite")

func (r *recorder) CopyArchive(_ context.Context, _ engine.Ref, folder string, archive io.Reader, _ bool) error {
	r.copies++
	for tr := tar.NewReader(archive); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Join(folder, h.Name)
		_, isFolder := r.files[name+"/"]
		_, isFile := r.files[name]
		if h.Typeflag == tar.TypeDir {
			if r.links[name] || isFile {
				return errRefused
			}
			r.files[name+"/"] = ""
			continue
		}
		if isFolder {
			return errRefused
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			return err
		}
		r.files[name] = string(b)
	}
}

func (r *recorder) Exec(_ context.Context, _ engine.Ref, spec engine.ExecSpec) (engine.ExecResult, error) {
	r.commands = append(r.commands, spec.Command)
	for _, name := range spec.Command[3:] {
		delete(r.files, name)
		delete(r.files, name+"/")
	}
	return engine.ExecResult{}, nil
}

func (r *recorder) StatPath(_ context.Context, _ engine.Ref, name string) (engine.PathStat, error) {
	_, isFolder := r.files[name+"/"]
	_, isFile := r.files[name]
	switch {
	case r.links[name]:
		return engine.PathStat{LinkTarget: "/elsewhere"}, nil
	case isFolder, isFile:
		return engine.PathStat{Folder: isFolder}, nil
	}
	return engine.PathStat{}, engine.ErrNotFound
}

func (r *recorder) CopyFrom(_ context.Context, _ engine.Ref, name string) (io.ReadCloser, engine.PathStat, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	folder := strings.TrimSuffix(name, ".")
	for file, content := range r.files {
		rel, inside := strings.CutPrefix(file, folder)
		if !inside {
			continue
		}
		if err := w.WriteHeader(&tar.Header{Name: "./" + rel, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return nil, engine.PathStat{}, err
		}
		if _, err := io.WriteString(w, content); err != nil {
			return nil, engine.PathStat{}, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, engine.PathStat{}, err
	}
	return io.NopCloser(&b), engine.PathStat{}, nil
}

func TestSync(t *testing.T) {
	dir := tree(t, "a")
	r := &recorder{files: map[string]string{}}
	files := []watch.File{
		{filepath.Join(dir, "a"), "/app/a"}, {filepath.Join(dir, "gone"), "/app/-gone"}, {filepath.Join(dir, "gone/in"), "/app/-gone/in"},
	}
	if err := watch.Sync(t.Context(), r, engine.Ref{Name: "web-1"}, true, files); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r.files, map[string]string{"/app/a": "a"}) {
		t.Errorf("files = %v", r.files)
	}
	if !reflect.DeepEqual(r.commands, [][]string{{"rm", "-rf", "--", "/app/-gone"}}) {
		t.Errorf("commands = %v", r.commands)
	}
}

// TestSyncOfManyDeletions: no command is longer than systems allow.
func TestSyncOfManyDeletions(t *testing.T) {
	dir := tree(t, "a")
	r := &recorder{files: map[string]string{}}
	var files []watch.File
	for range 3000 {
		name := strings.Repeat("n", 90) + string(rune('a'+len(files)%26)) + strings.Repeat("m", len(files)%90)
		files = append(files, watch.File{Host: filepath.Join(dir, name), Container: "/app/" + name})
	}
	if err := watch.Sync(t.Context(), r, engine.Ref{Name: "web-1"}, true, files); err != nil {
		t.Fatal(err)
	}
	removed := 0
	for _, c := range r.commands {
		if size := len(strings.Join(c, " ")); size > 100<<10 {
			t.Errorf("a command of %d bytes", size)
		}
		removed += len(c) - 3
	}
	if removed != len(files) {
		t.Errorf("%d of %d removed", removed, len(files))
	}
}

// TestSyncMakesRoom: what is of another kind in the container gives way, except a
// link to a folder, through which files go.
func TestSyncMakesRoom(t *testing.T) {
	dir := tree(t, "linked/l", "nowfile", "nowfolder/x")
	r := &recorder{
		files: map[string]string{"/app/nowfile/": "", "/app/nowfolder": "a file"},
		links: map[string]bool{"/app/linked": true},
	}
	var files []watch.File
	for _, n := range []string{"linked", "linked/l", "nowfile", "nowfolder", "nowfolder/x"} {
		files = append(files, watch.File{Host: filepath.Join(dir, n), Container: "/app/" + n})
	}
	if err := watch.Sync(t.Context(), r, engine.Ref{Name: "web-1"}, true, files); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"/app/linked/l": "linked/l", "/app/nowfile": "nowfile", "/app/nowfolder/": "", "/app/nowfolder/x": "nowfolder/x"}
	if !reflect.DeepEqual(r.files, want) || r.copies != 2 {
		t.Errorf("files = %v after %d copies", r.files, r.copies)
	}
	r = &recorder{files: map[string]string{}}
	if err := watch.Sync(t.Context(), r, engine.Ref{Name: "web-1"}, true, files); err != nil || r.copies != 1 {
		t.Errorf("where nothing is in the way: %v after %d copies", err, r.copies)
	}
}

// TestSyncOfUnreadableFiles: they are told of, and keep nothing else back; what is
// no file at all is never waited for.
func TestSyncOfUnreadableFiles(t *testing.T) {
	dir := tree(t, "a", "secret", "z")
	if err := os.Chmod(filepath.Join(dir, "secret"), 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(filepath.Join(dir, "secret")); err == nil {
		_ = f.Close()
		t.Skip("this user reads everything")
	}
	r := &recorder{files: map[string]string{}}
	err := watch.Sync(t.Context(), r, engine.Ref{Name: "web-1"}, true, []watch.File{
		{filepath.Join(dir, "a"), "/a"}, {filepath.Join(dir, "secret"), "/secret"}, {filepath.Join(dir, "z"), "/z"},
	})
	if err == nil || !reflect.DeepEqual(r.files, map[string]string{"/a": "a", "/z": "z"}) {
		t.Errorf("Sync = %v, %v", r.files, err)
	}
}

// TestInitialSync: what differs is brought up to date, whatever the times of files
// say, and what is the same is not written again.
func TestInitialSync(t *testing.T) {
	dir := tree(t, "same", "other", "new", "skip.tmp", "sub/ä b")
	if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := rules(t, dir, types.Trigger{Path: dir, Action: "sync", Target: "/app", InitialSync: true, Ignore: []string{"*.tmp"}})[0]
	files, err := watch.Initial(r)
	if err != nil {
		t.Fatal(err)
	}
	c := &recorder{files: map[string]string{"/app/same": "same", "/app/other": "OTHER", "/app/only here": "x", "/app/sub/ä b": "sub/ä c"}}
	outdated, err := watch.Outdated(t.Context(), c, engine.Ref{Name: "web-1"}, r, files)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range outdated {
		names = append(names, f.Container)
	}
	if want := []string{"/app/empty", "/app/new", "/app/other", "/app/sub/ä b"}; !slices.Equal(names, want) {
		t.Errorf("outdated are %q, want %q", names, want)
	}
}

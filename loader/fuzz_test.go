package loader

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/loader/quantity"
	"github.com/musterdev/muster/project"
)

// tooLong is the most that any input of a fuzz target may take while make fuzz looks
// for one that takes longer. What is known by then is not measured again.
const tooLong = 10 * time.Second

// bounded fails if the work takes longer than anything should.
func bounded(t *testing.T, work func()) {
	t.Helper()
	start := time.Now()
	work()
	if looking := flag.Lookup("test.fuzz").Value.String() != ""; looking && time.Since(start) > tooLong {
		t.Errorf("took %s", time.Since(start))
	}
}

// seeds adds the Compose files of testdata.
func seeds(f *testing.F, dir string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds in %s: %v", dir, err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".yaml") && !strings.HasPrefix(file.Name, "want") {
				f.Add(string(file.Data))
			}
		}
	}
}

// FuzzLoad loads any text. It never panics, an error never lacks a place, and
// what loads is written in a way that reads back to the same.
func FuzzLoad(f *testing.F) {
	seeds(f, "valid")
	seeds(f, "corpus")
	seeds(f, "invalid")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		in := Input{Files: []string{"-"}, Stdin: strings.NewReader(text), WorkingDir: dir, ProjectName: "fuzz", AllResources: true, AllProfiles: true, Limits: Limits{Nodes: 5000}}
		bounded(t, func() {
			p, _, err := Load(context.Background(), in)
			if err != nil {
				placed(t, err)
				return
			}
			readsBack(t, p, dir)
		})
	})
}

// FuzzFiles loads several files that include, extend and override each other.
func FuzzFiles(f *testing.F) {
	for _, pattern := range []string{"include*", "extends*", "override*", "reset*", "files*", "missing*", "env*"} {
		for _, dir := range []string{"valid", "invalid"} {
			paths, err := filepath.Glob(filepath.Join("testdata", dir, pattern+".txtar"))
			if err != nil {
				f.Fatal(err)
			}
			for _, path := range paths {
				text, err := os.ReadFile(path)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(string(text))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		for _, file := range txtar.Parse([]byte(text)).Files {
			if !filepath.IsLocal(file.Name) || strings.HasPrefix(file.Name, "want") || strings.ContainsRune(file.Name, 0) {
				continue
			}
			path := filepath.Join(dir, file.Name)
			if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, file.Data, 0o600) != nil {
				return
			}
		}
		bounded(t, func() {
			p, _, err := Load(context.Background(), Input{WorkingDir: dir, ProjectName: "fuzz", AllResources: true, AllProfiles: true, Limits: Limits{Nodes: 5000, Files: 30}})
			switch {
			case errors.Is(err, ErrNoFile):
			case err != nil && !strings.HasPrefix(err.Error(), "COMPOSE_DISABLE_ENV_FILE"):
				placed(t, err)
			case err == nil:
				readsBack(t, p, dir)
			}
		})
	})
}

func placed(t *testing.T, err error) {
	t.Helper()
	var errs Errors
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("no diagnostics: %v", err)
	}
	for _, e := range errs {
		if e.Pos.File == "" && !strings.Contains(e.Msg, "more problems") {
			t.Errorf("no place: %v", e)
		}
		if e.Msg == "" {
			t.Error("no message")
		}
	}
}

func readsBack(t *testing.T, p *project.Project, dir string) {
	t.Helper()
	var first, second strings.Builder
	if _, err := Render(&first, p, RenderOptions{}); err != nil {
		t.Fatalf("write: %v", err)
	}
	again, _, err := Load(context.Background(), Input{
		Files: []string{"-"}, Stdin: strings.NewReader(first.String()), WorkingDir: dir, ProjectName: "fuzz", AllResources: true, AllProfiles: true,
	})
	if err != nil {
		t.Fatalf("read back: %v\n%s", err, first.String())
	}
	if _, err := Render(&second, again, RenderOptions{}); err != nil {
		t.Fatalf("write again: %v", err)
	}
	if first.String() != second.String() {
		t.Errorf("first:\n%s\nsecond:\n%s", first.String(), second.String())
	}
}

// FuzzDuration makes sure that what passes the check is a time to compose-go.
func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"1s", "1m30s", "500ms", "1h1h", "10", "0", "-1s", "1.5h", "1d", "10 seconds", "9999999h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, verdict := quantity.Span{}.Read(text)
		var d types.Duration
		if err := d.DecodeMapstructure(value); verdict == quantity.Fits && (err != nil || d < 0) {
			t.Errorf("%q passes; compose-go has %v, %v", text, d, err)
		}
	})
}

// FuzzSize makes sure that what passes the check is a size to compose-go.
func FuzzSize(f *testing.F) {
	for _, seed := range []string{"512m", "1GB", "1.5g", "-1", "0x10", "10 kb", "512 megs", "1e3", "9999999999999999999999", "1tib"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, verdict := quantity.Size{}.Read(text)
		var u types.UnitBytes
		if err := u.DecodeMapstructure(value); verdict == quantity.Fits && (err != nil || u < 0) {
			t.Errorf("%q passes; compose-go has %d, %v", text, u, err)
		}
	})
}

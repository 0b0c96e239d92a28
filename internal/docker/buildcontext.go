package docker

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/musterdev/muster/internal/builder"
	"github.com/musterdev/muster/internal/hostfile"
)

// buildContext is a folder to build from.
type buildContext struct {
	dir        string
	dockerfile string // its name within the archive, with slashes
	content    []byte // of a Dockerfile that is no file of the folder, else nil
	ignoreFile []byte // sent instead of the folder's .dockerignore, to keep content out of the image
	ignore     *patternmatcher.PatternMatcher
}

// openContext finds the Dockerfile and reads the ignore file: the Dockerfile's
// own, NAME.dockerignore, or the folder's .dockerignore.
func openContext(dir, dockerfile, inline string) (*buildContext, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("read build context: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("read build context: %s is not a directory", dir)
	}
	b := &buildContext{dir: dir}
	path := ""
	if inline != "" {
		b.place([]byte(inline))
	} else if path, err = b.find(dockerfile); err != nil {
		return nil, err
	}
	var patterns []string
	names := []string{filepath.Join(dir, ".dockerignore")}
	if path != "" {
		names = append([]string{path + ".dockerignore"}, names...)
	}
	for _, name := range names {
		patterns, err = readIgnore(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if b.content != nil {
		hidden := []string{b.dockerfile}
		if _, err := os.Lstat(filepath.Join(dir, ".dockerignore")); err != nil {
			hidden = append(hidden, ".dockerignore")
		}
		b.ignoreFile = []byte(strings.Join(append(slices.Clone(patterns), hidden...), "\n") + "\n")
	}
	// The builder needs both, whatever the patterns say; it hides them itself.
	patterns = append(patterns, "!.dockerignore", "!"+b.dockerfile)
	if b.ignore, err = patternmatcher.New(patterns); err != nil {
		return nil, fmt.Errorf("read .dockerignore: %w", err)
	}
	return b, nil
}

// find locates the Dockerfile; one outside of the folder is sent along.
func (b *buildContext) find(dockerfile string) (string, error) {
	if dockerfile == "" {
		dockerfile = "Dockerfile"
	}
	path := dockerfile
	if !filepath.IsAbs(path) {
		path = filepath.Join(b.dir, dockerfile)
	}
	content, err := hostfile.Read(path, builder.MaxText)
	if err != nil {
		return "", fmt.Errorf("read Dockerfile: %w", err)
	}
	rel, err := filepath.Rel(b.dir, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		b.place(content)
		return path, nil
	}
	b.dockerfile = filepath.ToSlash(rel)
	return path, nil
}

// place sends a Dockerfile that is no file of the folder, under a name that
// stays the same as long as it does.
func (b *buildContext) place(content []byte) {
	sum := sha256.Sum256(content)
	b.dockerfile, b.content = ".dockerfile."+hex.EncodeToString(sum[:6]), content
}

func readIgnore(name string) ([]string, error) {
	text, err := hostfile.Read(name, builder.MaxText)
	if err != nil {
		return nil, fmt.Errorf("read ignore file: %w", err)
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read ignore file %s: %w", name, err)
	}
	return patterns, nil
}

// stream archives the folder while it is read. A file that cannot be read is
// an error of the reader.
func (b *buildContext) stream(ctx context.Context) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(w, 64<<10)
		err := b.write(ctx, buffered)
		if err == nil {
			err = buffered.Flush()
		}
		w.CloseWithError(err) // nil is the end of the archive
	}()
	return r
}

func (b *buildContext) write(ctx context.Context, to io.Writer) error {
	w := tar.NewWriter(to)
	parents := map[string]patternmatcher.MatchInfo{}
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(b.dir, path)
		if err != nil || rel == "." {
			return err
		}
		ignored, info, err := b.ignore.MatchesUsingParentResults(rel, parents[filepath.Dir(rel)])
		if err != nil {
			return err
		}
		if d.IsDir() {
			parents[rel] = info
		}
		if rel == ".dockerignore" && b.content != nil {
			return nil
		}
		if ignored {
			if d.IsDir() && !b.reincludes(rel) {
				return filepath.SkipDir
			}
			return nil
		}
		return addFile(w, path, filepath.ToSlash(rel), d)
	})
	if err != nil {
		return fmt.Errorf("read build context: %w", err)
	}
	if b.content != nil {
		err := errors.Join(addContent(w, b.dockerfile, b.content), addContent(w, ".dockerignore", b.ignoreFile))
		if err != nil {
			return err
		}
	}
	return w.Close()
}

func addContent(w *tar.Writer, name string, content []byte) error {
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// reincludes reports whether an exception brings something below an ignored
// folder back.
func (b *buildContext) reincludes(dir string) bool {
	prefix := dir + string(filepath.Separator)
	for _, p := range b.ignore.Patterns() {
		if p.Exclusion() && (strings.HasPrefix(p.String()+string(filepath.Separator), prefix) || strings.ContainsAny(p.String(), "*?[")) {
			return true
		}
	}
	return false
}

func addFile(w *tar.Writer, path, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	if info.Mode()&(fs.ModeSocket|fs.ModeNamedPipe|fs.ModeDevice) != 0 {
		return nil // no image can be made of these
	}
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(path); err != nil {
			return err
		}
		link = filepath.ToSlash(link)
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	header.Name = name
	if info.IsDir() {
		header.Name += "/"
	}
	// Who owns the files here must not matter to the builder's cache.
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	header.Format = tar.FormatPAX
	if runtime.GOOS == "windows" {
		header.Mode |= 0o755 // which has no permission bits of its own
	}
	if !info.Mode().IsRegular() {
		return w.WriteHeader(header)
	}
	return hostfile.Archive(w, header, path)
}

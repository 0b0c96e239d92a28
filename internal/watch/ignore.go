package watch

import (
	"cmp"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/project"
)

// ephemeral are patterns of what is never worth a sync or a build: version
// control and the temporary files of editors.
var ephemeral = []string{
	".git", "**/.git", "**/*~", "**/.#*", "**/#*#", "**/*.swp", "**/*.swx", "**/*.swo", "**/4913", "**/.DS_Store",
	"**/*___jb_tmp___", "**/*___jb_old___",
}

// maxIgnoreFile is as much of a .dockerignore as is read.
const maxIgnoreFile = 1 << 20

// buildContext is what the build of a rule's service says about files.
type buildContext struct {
	folders    []string // whose own Dockerfile and Compose files describe the service
	files      []string // that describe it wherever they are
	dir        string   // of the build; empty if there is none
	ignoreFile string   // that the patterns come from
	ignore     *globs   // nil leaves nothing out
}

func contextOf(p *project.Project, s *project.Service) (buildContext, error) {
	var c buildContext
	real := func(path string) string {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			return resolved
		}
		return path
	}
	if p.Dir != "" {
		c.folders = append(c.folders, real(p.Dir))
	}
	for _, f := range p.Files {
		c.files = append(c.files, real(f))
	}
	b := s.Spec.Build
	if b == nil || b.Context == "" {
		return c, nil
	}
	dir, err := filepath.EvalSymlinks(b.Context)
	if err != nil {
		return c, nil // a repository, or a folder that the build will miss
	}
	dockerfile := cmp.Or(b.Dockerfile, "Dockerfile")
	if !filepath.IsAbs(dockerfile) {
		dockerfile = filepath.Join(dir, dockerfile)
	}
	c.dir, c.folders, c.files = dir, append(c.folders, dir), append(c.files, real(dockerfile))
	// The builder prefers the ignore file of the Dockerfile to that of the context.
	for _, name := range []string{dockerfile + ".dockerignore", filepath.Join(dir, ".dockerignore")} {
		patterns, found := readIgnoreFile(name)
		if !found {
			continue
		}
		c.ignoreFile = name
		c.ignore, err = newGlobs(patterns)
		break
	}
	return c, err
}

func readIgnoreFile(name string) (patterns []string, found bool) {
	f, err := hostfile.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	patterns, err = ignorefile.ReadAll(io.LimitReader(f, maxIgnoreFile))
	return patterns, err == nil
}

// excludes reports whether the build's ignore file leaves the path out.
func (c buildContext) excludes(path string) bool {
	if c.ignore == nil {
		return false
	}
	rel, inside := relative(c.dir, path)
	return inside && rel != "." && c.ignore.match(rel)
}

// leavesOut reports whether the build leaves the path out and everything below.
func (c buildContext) leavesOut(path string) bool {
	return c.ignore != nil && !c.ignore.exceptions() && c.excludes(path)
}

// describes reports whether the file says how the service is built and run, as a
// Dockerfile and Compose files do: it is not part of what runs in a container.
func (c buildContext) describes(path string) bool {
	if slices.Contains(c.files, path) {
		return true
	}
	name := filepath.Base(path)
	compose, err := filepath.Match("*compose*.y*ml", name)
	return slices.Contains(c.folders, filepath.Dir(path)) && (name == "Dockerfile" || err == nil && compose)
}

// globs are patterns as an ignore file has them. They are compiled when they are
// first used, so that several at a time need the lock.
type globs struct {
	mu       sync.Mutex
	patterns *patternmatcher.PatternMatcher
}

func newGlobs(patterns []string) (*globs, error) {
	m, err := patternmatcher.New(patterns)
	return &globs{patterns: m}, err
}

// match reports whether the path, or a folder that it is in, matches.
func (g *globs) match(rel string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	match, err := g.patterns.MatchesOrParentMatches(rel)
	return err == nil && match
}

// exceptions reports whether a pattern brings back what others match.
func (g *globs) exceptions() bool { return g.patterns.Exclusions() }

// unrooted are patterns without the slash that says from where they count, as an
// ignore file may have it: they count from the watched path in any case.
func unrooted(patterns []string) []string {
	var out []string
	for _, p := range patterns {
		rest, negated := strings.CutPrefix(p, "!")
		rest = strings.TrimPrefix(rest, "/")
		if negated {
			rest = "!" + rest
		}
		out = append(out, rest)
	}
	return out
}

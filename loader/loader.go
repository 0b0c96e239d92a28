package loader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/project"
)

// loader is one load: what was decided, what was read, and what was found
// wrong so far.
type loader struct {
	ctx        context.Context
	in         Input
	pipes      *Pipes
	limits     Limits
	cwd        string
	files      []string // absolute, "-" for standard input
	dir        string   // project directory
	name       string   // project name
	nameFailed bool     // the name has been reported
	envFiles   []string // named explicitly, absolute
	dotenvs    map[string]bool
	env        *env.Environment

	budget    int64 // bytes that may still be read or produced
	nodes     int   // of all documents
	documents int
	envTexts  map[string]string

	reports reports
	stubs   map[string]bool // services that are nothing but a name
}

// newLoader decides on files, environment and directory. It reads no Compose
// file yet.
func newLoader(ctx context.Context, in Input) (*loader, error) {
	l := emptyLoader(in)
	l.ctx = ctx
	if l.cwd == "" {
		cwd, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("find the working directory: %w", err)
		}
		l.cwd = cwd
	}
	envFiles := in.EnvFiles
	if list, ok := l.env.Lookup("COMPOSE_ENV_FILES"); len(envFiles) == 0 && ok && list != "" {
		envFiles = strings.Split(list, ",")
	}
	for _, f := range envFiles {
		l.envFiles = append(l.envFiles, absolute(f, l.cwd, l.home()))
	}
	l.discover()
	return l, nil
}

func emptyLoader(in Input) *loader {
	l := &loader{
		ctx: context.Background(), in: in, pipes: cmp.Or(in.Pipes, new(Pipes)), limits: in.Limits.withDefaults(), cwd: in.WorkingDir, env: env.New(in.Env),
		reports: newReports(), stubs: map[string]bool{}, dotenvs: map[string]bool{}, envTexts: map[string]string{},
	}
	l.budget = l.limits.TotalBytes
	return l
}

// failFile reports that a file cannot be read.
func (l *loader) failFile(file string, err error) {
	l.reports.fail(&Error{Pos: project.Position{File: shown(file, l.cwd)}, Msg: err.Error(), Err: err})
}

// read reads a file or standard input and charges its size to the load.
func (l *loader) read(file string, limit int64) ([]byte, error) {
	l.see(file)
	var b []byte
	var err error
	if file != stdinName {
		b, err = l.readFile(file, limit)
	} else if l.in.Stdin == nil {
		err = errors.New("standard input is not available")
	} else {
		b, err = hostfile.ReadStream(l.ctx, l.in.Stdin, limit)
	}
	if err != nil {
		return nil, err
	}
	if l.budget -= int64(len(b)); l.budget < 0 {
		return nil, fmt.Errorf("the files together are larger than %d bytes", l.limits.TotalBytes)
	}
	return b, nil
}

func (l *loader) readFile(file string, limit int64) ([]byte, error) {
	if l.onCommandLine(file) {
		return l.pipes.read(l.ctx, file, limit)
	}
	return readRegular(file, limit)
}

// see gives the file its place in the order of reports.
func (l *loader) see(file string) {
	name := shown(file, l.cwd)
	if _, ok := l.reports.order[name]; !ok {
		l.reports.order[name] = len(l.reports.order) + 1
	}
}

// err returns the problems found so far, sorted, or nil. Of a load that was ended,
// its end is what there is to say.
func (l *loader) err() error {
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	if len(l.reports.errs) == 0 {
		return nil
	}
	return l.reports.all()
}

// profiles are the active ones.
func (l *loader) profiles() []string {
	if l.in.AllProfiles {
		return []string{"*"}
	}
	if len(l.in.Profiles) > 0 {
		return l.in.Profiles
	}
	list, _ := l.env.Lookup("COMPOSE_PROFILES")
	var profiles []string
	for _, p := range strings.Split(list, ",") {
		if p = strings.TrimSpace(p); p != "" {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

func (l *loader) compatible() bool {
	v, _ := l.env.Lookup("COMPOSE_COMPATIBILITY")
	return l.in.Compatibility || env.ParseBool(v)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

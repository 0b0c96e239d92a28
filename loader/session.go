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

// session is one load: what was decided, what was read, and what was found
// wrong so far.
type session struct {
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

// newSession decides on files, environment and directory. It reads no Compose
// file yet.
func newSession(ctx context.Context, in Input) (*session, error) {
	s := emptySession(in)
	s.ctx = ctx
	if s.cwd == "" {
		cwd, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("find the working directory: %w", err)
		}
		s.cwd = cwd
	}
	envFiles := in.EnvFiles
	if list, ok := s.env.Lookup("COMPOSE_ENV_FILES"); len(envFiles) == 0 && ok && list != "" {
		envFiles = strings.Split(list, ",")
	}
	for _, f := range envFiles {
		s.envFiles = append(s.envFiles, absolute(f, s.cwd, s.home()))
	}
	s.discover()
	return s, nil
}

func emptySession(in Input) *session {
	s := &session{
		ctx: context.Background(), in: in, pipes: cmp.Or(in.Pipes, new(Pipes)), limits: in.Limits.withDefaults(), cwd: in.WorkingDir, env: env.New(in.Env),
		reports: newReports(), stubs: map[string]bool{}, dotenvs: map[string]bool{}, envTexts: map[string]string{},
	}
	s.budget = s.limits.TotalBytes
	return s
}

// failFile reports that a file cannot be read.
func (s *session) failFile(file string, err error) {
	s.reports.fail(&Error{Pos: project.Position{File: shown(file, s.cwd)}, Msg: err.Error(), Err: err})
}

// read reads a file or standard input and charges its size to the load.
func (s *session) read(file string, limit int64) ([]byte, error) {
	s.see(file)
	var b []byte
	var err error
	if file != stdinName {
		b, err = s.readFile(file, limit)
	} else if s.in.Stdin == nil {
		err = errors.New("standard input is not available")
	} else {
		b, err = hostfile.ReadStream(s.ctx, s.in.Stdin, limit)
	}
	if err != nil {
		return nil, err
	}
	if s.budget -= int64(len(b)); s.budget < 0 {
		return nil, fmt.Errorf("the files together are larger than %d bytes", s.limits.TotalBytes)
	}
	return b, nil
}

func (s *session) readFile(file string, limit int64) ([]byte, error) {
	if s.onCommandLine(file) {
		return s.pipes.read(s.ctx, file, limit)
	}
	return readRegular(file, limit)
}

// see gives the file its place in the order of reports.
func (s *session) see(file string) {
	name := shown(file, s.cwd)
	if _, ok := s.reports.order[name]; !ok {
		s.reports.order[name] = len(s.reports.order) + 1
	}
}

// err returns the problems found so far, sorted, or nil. Of a load that was ended,
// its end is what there is to say.
func (s *session) err() error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if len(s.reports.errs) == 0 {
		return nil
	}
	return s.reports.all()
}

// profiles are the active ones.
func (s *session) profiles() []string {
	if s.in.AllProfiles {
		return []string{"*"}
	}
	if len(s.in.Profiles) > 0 {
		return s.in.Profiles
	}
	list, _ := s.env.Lookup("COMPOSE_PROFILES")
	var profiles []string
	for _, p := range strings.Split(list, ",") {
		if p = strings.TrimSpace(p); p != "" {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

func (s *session) compatible() bool {
	v, _ := s.env.Lookup("COMPOSE_COMPATIBILITY")
	return s.in.Compatibility || env.ParseBool(v)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

package loader

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/project"
)

// envFile is an env file with the place that names it, if one does.
type envFile struct {
	path     string // absolute
	pos      project.Position
	element  string // path of the element that names it
	optional bool   // it may be missing
}

// addEnv puts the values of files under those that are there. Of the files, later
// ones win. Problems are reported; values before them count.
func (s *session) addEnv(e *env.Environment, files ...envFile) {
	out := map[string]string{}
	origins := map[string][]project.Position{}
	for _, file := range files {
		e.Read[file.path] = true
		text, err := s.readEnvFile(file.path)
		switch {
		case err == nil:
		case file.optional && errors.Is(err, fs.ErrNotExist):
			continue
		case file.pos.IsZero():
			s.failFile(file.path, err)
			continue
		default:
			s.reports.fail(s.unreadable(file.path, file.pos, file.element, err))
			continue
		}
		s.parseEnvFile(file.path, text, out, e.Lookup, func(name string, pos project.Position) {
			origins[name] = append([]project.Position{pos}, origins[name]...)
		})
	}
	e.Under(out, origins)
}

// readEnvFile reads an env file once per load.
func (s *session) readEnvFile(file string) (string, error) {
	if text, ok := s.envTexts[file]; ok {
		return text, nil
	}
	b, err := s.read(file, s.limits.EnvBytes)
	if err != nil {
		return "", err
	}
	s.envTexts[file] = string(b)
	return string(b), nil
}

func (s *session) parseEnvFile(file, text string, out map[string]string, lookup func(string) (string, bool), set func(string, project.Position)) {
	name := shown(file, s.cwd)
	p := env.Parser{
		Lookup: lookup, Limit: s.limits.ValueBytes, Budget: &s.budget, Out: out,
		Set: func(key string, line int) { set(key, project.Position{File: name, Line: line, Column: 1}) },
		Unset: func(variable string, line int) {
			s.reports.warn(Warning{Rule: "unset-variable", Pos: project.Position{File: name, Line: line}, Msg: unsetMessage(variable)})
		},
	}
	var e *env.Error
	if err := p.Parse(text); errors.As(err, &e) {
		s.reports.fail(&Error{Pos: project.Position{File: name, Line: e.Line}, Msg: e.Msg})
	}
}

func unsetMessage(name string) string {
	return fmt.Sprintf("variable %s is not set; it becomes an empty string", name)
}

// loadEnvironment reads the env files that hold for the project: the ones that
// were named, or .env of the directories, the first of which wins.
func (s *session) loadEnvironment(dirs ...string) {
	var named []envFile
	if len(s.envFiles) > 0 {
		for _, file := range s.envFiles {
			named = append(named, envFile{path: file})
		}
		s.addEnv(s.env, named...)
		return
	}
	if disabled, ok := s.env.Lookup("COMPOSE_DISABLE_ENV_FILE"); ok {
		off, err := strconv.ParseBool(disabled)
		if err != nil {
			s.reports.fail(&Error{Msg: "COMPOSE_DISABLE_ENV_FILE is not a boolean", Hint: "use true or false"})
			return
		}
		if off {
			return
		}
	}
	for _, dir := range dirs {
		if file := filepath.Join(dir, ".env"); !s.dotenvs[file] && s.usable(file) {
			s.dotenvs[file] = true
			s.addEnv(s.env, envFile{path: file, optional: true})
		}
	}
}

// usable reports whether a .env is to be read. What is there and is no file
// that could be is told: whoever put it there counts on it.
func (s *session) usable(file string) bool {
	info, err := os.Stat(file)
	if err == nil && !info.IsDir() || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true // reading it says what is wrong with it
	}
	_, there := os.Lstat(file)
	switch pos := (project.Position{File: shown(file, s.cwd)}); {
	case err == nil:
		s.reports.warn(Warning{Rule: "environment-file", Pos: pos, Msg: "is a directory: ignoring it"})
	case there == nil:
		s.reports.warn(Warning{Rule: "environment-file", Pos: pos, Msg: "is a link to a file that does not exist: ignoring it"})
	}
	return false
}

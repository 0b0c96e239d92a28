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
func (l *loader) addEnv(e *env.Environment, files ...envFile) {
	out := map[string]string{}
	origins := map[string][]project.Position{}
	for _, file := range files {
		e.Read[file.path] = true
		text, err := l.readEnvFile(file.path)
		switch {
		case err == nil:
		case file.optional && errors.Is(err, fs.ErrNotExist):
			continue
		case file.pos.IsZero():
			l.failFile(file.path, err)
			continue
		default:
			l.reports.fail(l.unreadable(file.path, file.pos, file.element, err))
			continue
		}
		l.parseEnvFile(file.path, text, out, e.Lookup, func(name string, pos project.Position) {
			origins[name] = append([]project.Position{pos}, origins[name]...)
		})
	}
	e.Under(out, origins)
}

// readEnvFile reads an env file once per load.
func (l *loader) readEnvFile(file string) (string, error) {
	if text, ok := l.envTexts[file]; ok {
		return text, nil
	}
	b, err := l.read(file, l.limits.EnvBytes)
	if err != nil {
		return "", err
	}
	l.envTexts[file] = string(b)
	return string(b), nil
}

func (l *loader) parseEnvFile(file, text string, out map[string]string, lookup func(string) (string, bool), set func(string, project.Position)) {
	name := shown(file, l.cwd)
	p := env.Parser{
		Lookup: lookup, Limit: l.limits.ValueBytes, Budget: &l.budget, Out: out,
		Set: func(key string, line int) { set(key, project.Position{File: name, Line: line, Column: 1}) },
		Unset: func(variable string, line int) {
			l.reports.warn(Warning{Rule: "unset-variable", Pos: project.Position{File: name, Line: line}, Msg: unsetMessage(variable)})
		},
	}
	var e *env.Error
	if err := p.Parse(text); errors.As(err, &e) {
		l.reports.fail(&Error{Pos: project.Position{File: name, Line: e.Line}, Msg: e.Msg})
	}
}

func unsetMessage(name string) string {
	return fmt.Sprintf("variable %s is not set; it becomes an empty string", name)
}

// loadEnvironment reads the env files that hold for the project: the ones that
// were named, or .env of the directories, the first of which wins.
func (l *loader) loadEnvironment(dirs ...string) {
	var named []envFile
	if len(l.envFiles) > 0 {
		for _, file := range l.envFiles {
			named = append(named, envFile{path: file})
		}
		l.addEnv(l.env, named...)
		return
	}
	if disabled, ok := l.env.Lookup("COMPOSE_DISABLE_ENV_FILE"); ok {
		off, err := strconv.ParseBool(disabled)
		if err != nil {
			l.reports.fail(&Error{Msg: "COMPOSE_DISABLE_ENV_FILE is not a boolean", Hint: "use true or false"})
			return
		}
		if off {
			return
		}
	}
	for _, dir := range dirs {
		if file := filepath.Join(dir, ".env"); !l.dotenvs[file] && l.usable(file) {
			l.dotenvs[file] = true
			l.addEnv(l.env, envFile{path: file, optional: true})
		}
	}
}

// usable reports whether a .env is to be read. What is there and is no file
// that could be is told: whoever put it there counts on it.
func (l *loader) usable(file string) bool {
	info, err := os.Stat(file)
	if err == nil && !info.IsDir() || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true // reading it says what is wrong with it
	}
	_, there := os.Lstat(file)
	switch pos := (project.Position{File: shown(file, l.cwd)}); {
	case err == nil:
		l.reports.warn(Warning{Rule: "environment-file", Pos: pos, Msg: "is a directory: ignoring it"})
	case there == nil:
		l.reports.warn(Warning{Rule: "environment-file", Pos: pos, Msg: "is a link to a file that does not exist: ignoring it"})
	}
	return false
}

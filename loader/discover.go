package loader

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/musterdev/muster/project"
)

// ErrNoFile says that no Compose file was named and none was found.
var ErrNoFile = errors.New("no configuration file provided: not found")

const stdinName = "-"

// defaultNames and overrideNames are what is looked for without -f, in order
// of preference.
func defaultNames() []string {
	return []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
}

func overrideNames() []string {
	return []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}
}

// discover decides on files, project directory and environment. .env of the
// first directory is read before the files are known, because it may name them.
func (s *session) discover() {
	files := s.in.Files
	s.files = s.absoluteFiles(files)
	first := s.baseDir()
	s.loadEnvironment(first)
	if len(files) == 0 {
		s.files = s.filesFromEnvironment()
	}
	if len(s.files) == 0 {
		s.files = s.defaultFiles(first)
	}
	s.dir = s.baseDir()
	if len(s.envFiles) == 0 {
		s.loadEnvironment(s.dir)
	}
}

// baseDir is the project directory as far as it is known now.
func (s *session) baseDir() string {
	if s.in.Dir != "" {
		return absolute(s.in.Dir, s.cwd, s.home())
	}
	for _, f := range s.files {
		if f != stdinName {
			return filepath.Dir(f)
		}
	}
	return s.cwd
}

func (s *session) absoluteFiles(files []string) []string {
	var abs []string
	for _, f := range files {
		if isRemote(f) {
			s.reports.fail(&Error{Msg: f + ": remote files are not supported", Hint: "fetch it, and name the file"})
			continue
		}
		if f != stdinName {
			f = absolute(f, s.cwd, s.home())
		}
		abs = append(abs, f)
	}
	return abs
}

func (s *session) filesFromEnvironment() []string {
	list, ok := s.env.Lookup("COMPOSE_FILE")
	if !ok || list == "" {
		return nil
	}
	separator, _ := s.env.Lookup("COMPOSE_PATH_SEPARATOR")
	if separator == "" {
		separator = string(filepath.ListSeparator)
	}
	return s.absoluteFiles(strings.Split(list, separator))
}

// defaultFiles climbs from dir until a directory holds a default name, and
// adds the override beside it.
func (s *session) defaultFiles(dir string) []string {
	for {
		if found := present(dir, defaultNames()); len(found) > 0 {
			s.warnSeveral(found)
			files := found[:1]
			if overrides := present(dir, overrideNames()); len(overrides) > 0 {
				s.warnSeveral(overrides)
				files = append(files, overrides[0])
			}
			return files
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

func (s *session) warnSeveral(found []string) {
	for _, other := range found[1:] {
		s.reports.warn(Warning{
			Rule: "several-files",
			Pos:  project.Position{File: shown(other, s.cwd)},
			Msg:  "ignored: " + shown(found[0], s.cwd) + " is used", Hint: "remove one, or name the files with -f",
		})
	}
}

func present(dir string, names []string) []string {
	var found []string
	for _, name := range names {
		if path := filepath.Join(dir, name); exists(path) {
			found = append(found[:len(found):len(found)], path)
		}
	}
	return found
}

// home is the directory that ~ stands for.
func (s *session) home() string {
	name := "HOME"
	if runtime.GOOS == "windows" {
		name = "USERPROFILE"
	}
	home, _ := s.env.Lookup(name)
	return home
}

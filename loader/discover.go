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
func (l *loader) discover() {
	files := l.in.Files
	l.files = l.absoluteFiles(files)
	first := l.baseDir()
	l.loadEnvironment(first)
	if len(files) == 0 {
		l.files = l.filesFromEnvironment()
	}
	if len(l.files) == 0 {
		l.files = l.defaultFiles(first)
	}
	l.dir = l.baseDir()
	if len(l.envFiles) == 0 {
		l.loadEnvironment(l.dir)
	}
}

// baseDir is the project directory as far as it is known now.
func (l *loader) baseDir() string {
	if l.in.Dir != "" {
		return absolute(l.in.Dir, l.cwd, l.home())
	}
	for _, f := range l.files {
		if f != stdinName {
			return filepath.Dir(f)
		}
	}
	return l.cwd
}

func (l *loader) absoluteFiles(files []string) []string {
	var abs []string
	for _, f := range files {
		if isRemote(f) {
			l.reports.fail(&Error{Msg: f + ": remote files are not supported", Hint: "fetch it, and name the file"})
			continue
		}
		if f != stdinName {
			f = absolute(f, l.cwd, l.home())
		}
		abs = append(abs, f)
	}
	return abs
}

func (l *loader) filesFromEnvironment() []string {
	list, ok := l.env.Lookup("COMPOSE_FILE")
	if !ok || list == "" {
		return nil
	}
	separator, _ := l.env.Lookup("COMPOSE_PATH_SEPARATOR")
	if separator == "" {
		separator = string(filepath.ListSeparator)
	}
	return l.absoluteFiles(strings.Split(list, separator))
}

// defaultFiles climbs from dir until a directory holds a default name, and
// adds the override beside it.
func (l *loader) defaultFiles(dir string) []string {
	for {
		if found := present(dir, defaultNames()); len(found) > 0 {
			l.warnSeveral(found)
			files := found[:1]
			if overrides := present(dir, overrideNames()); len(overrides) > 0 {
				l.warnSeveral(overrides)
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

func (l *loader) warnSeveral(found []string) {
	for _, other := range found[1:] {
		l.reports.warn(Warning{
			Rule: "several-files",
			Pos:  project.Position{File: shown(other, l.cwd)},
			Msg:  "ignored: " + shown(found[0], l.cwd) + " is used", Hint: "remove one, or name the files with -f",
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
func (l *loader) home() string {
	name := "HOME"
	if runtime.GOOS == "windows" {
		name = "USERPROFILE"
	}
	home, _ := l.env.Lookup(name)
	return home
}

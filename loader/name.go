package loader

import (
	"path/filepath"
	"strings"

	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

const nameVariable = "COMPOSE_PROJECT_NAME"

// named reports whether the project has a name without looking into files.
func (l *loader) named() bool {
	fromEnv, _ := l.env.Lookup(nameVariable)
	return l.in.ProjectName != "" || fromEnv != ""
}

// decideName chooses the project's name: -p, COMPOSE_PROJECT_NAME, the last
// name: of the files, or the project directory's. It becomes visible to
// interpolation as COMPOSE_PROJECT_NAME. A name that is not valid is reported,
// and something like it used to go on with.
func (l *loader) decideName(sources []*source) {
	defer func() { l.env.Values[nameVariable] = l.name }()
	fromEnv, _ := l.env.Lookup(nameVariable)
	switch {
	case l.in.ProjectName != "":
		l.name = l.in.ProjectName
		l.checkName(project.Position{}, "-p")
	case fromEnv != "":
		l.name = fromEnv
		var pos project.Position
		if places := l.env.Origins[nameVariable]; len(places) > 0 {
			pos = places[0]
		}
		l.checkName(pos, nameVariable)
	default:
		l.nameFromFiles(sources)
	}
	if l.name == "" && !l.nameFailed {
		l.reports.fail(&Error{Msg: "project name must not be empty", Hint: "name the project with -p or name:"})
	}
	if l.name = NormalizeName(l.name); l.name == "" {
		l.name = "project"
	}
}

func (l *loader) checkName(pos project.Position, source string) {
	if l.name == NormalizeName(l.name) {
		return
	}
	e := &Error{Pos: pos, Msg: "invalid project name from " + source + ": it must consist of lower-case letters, digits, hyphens and underscores and start with a letter or digit"}
	if normal := NormalizeName(l.name); normal != "" {
		e.Hint = "for example " + normal
	}
	l.reports.fail(e)
	l.nameFailed = true
}

func (l *loader) nameFromFiles(sources []*source) {
	var docs []*node.Node
	for _, src := range sources {
		docs = append(docs, src.docs...)
	}
	for i := len(docs) - 1; i >= 0; i-- {
		written, ok := docs[i].Get("name").Str()
		if !ok || written == "" {
			continue
		}
		x := env.Expander{Lookup: l.env.Lookup, Nesting: l.limits.Nesting, Budget: &l.budget}
		expanded, err := x.Expand(written)
		if err != nil && !l.in.NoInterpolate {
			l.reports.fail(&Error{Pos: docs[i].Get("name").Pos, Path: "name", Msg: err.Error()})
			l.nameFailed = true
			return
		}
		if err == nil { // also where variables are kept: other names begin with this one
			written = expanded
		}
		if l.name = NormalizeName(written); l.name != "" {
			return
		}
	}
	base := filepath.Base(l.dir)
	if target, err := filepath.EvalSymlinks(l.dir); err == nil && filepath.Base(target) != base {
		l.reports.warn(Warning{Rule: "linked-directory", Msg: "the project directory is a symbolic link; naming the project " + NormalizeName(base) + " after the link", Hint: "set name: to be sure"})
	}
	l.name = NormalizeName(base)
}

// NormalizeName makes a project name of any text: lower case, without anything
// but letters, digits, hyphens and underscores, starting with a letter or
// digit. The result may be empty.
func NormalizeName(text string) string {
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(text))
	return strings.TrimLeft(name, "_-")
}

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
func (s *session) named() bool {
	fromEnv, _ := s.env.Lookup(nameVariable)
	return s.in.ProjectName != "" || fromEnv != ""
}

// decideName chooses the project's name: -p, COMPOSE_PROJECT_NAME, the last
// name: of the files, or the project directory's. It becomes visible to
// interpolation as COMPOSE_PROJECT_NAME. A name that is not valid is reported,
// and something like it used to go on with.
func (s *session) decideName(sources []*source) {
	defer func() { s.env.Values[nameVariable] = s.name }()
	fromEnv, _ := s.env.Lookup(nameVariable)
	switch {
	case s.in.ProjectName != "":
		s.name = s.in.ProjectName
		s.checkName(project.Position{}, "-p")
	case fromEnv != "":
		s.name = fromEnv
		var pos project.Position
		if places := s.env.Origins[nameVariable]; len(places) > 0 {
			pos = places[0]
		}
		s.checkName(pos, nameVariable)
	default:
		s.nameFromFiles(sources)
	}
	if s.name == "" && !s.nameFailed {
		s.reports.fail(&Error{Msg: "project name must not be empty", Hint: "name the project with -p or name:"})
	}
	if s.name = NormalizeName(s.name); s.name == "" {
		s.name = "project"
	}
}

func (s *session) checkName(pos project.Position, source string) {
	if s.name == NormalizeName(s.name) {
		return
	}
	e := &Error{Pos: pos, Msg: "invalid project name from " + source + ": it must consist of lower-case letters, digits, hyphens and underscores and start with a letter or digit"}
	if normal := NormalizeName(s.name); normal != "" {
		e.Hint = "for example " + normal
	}
	s.reports.fail(e)
	s.nameFailed = true
}

func (s *session) nameFromFiles(sources []*source) {
	var docs []*node.Node
	for _, src := range sources {
		docs = append(docs, src.docs...)
	}
	for i := len(docs) - 1; i >= 0; i-- {
		written, ok := docs[i].Get("name").Str()
		if !ok || written == "" {
			continue
		}
		x := env.Expander{Lookup: s.env.Lookup, Nesting: s.limits.Nesting, Budget: &s.budget}
		expanded, err := x.Expand(written)
		if err != nil && !s.in.NoInterpolate {
			s.reports.fail(&Error{Pos: docs[i].Get("name").Pos, Path: "name", Msg: err.Error()})
			s.nameFailed = true
			return
		}
		if err == nil { // also where variables are kept: other names begin with this one
			written = expanded
		}
		if s.name = NormalizeName(written); s.name != "" {
			return
		}
	}
	base := filepath.Base(s.dir)
	if target, err := filepath.EvalSymlinks(s.dir); err == nil && filepath.Base(target) != base {
		s.reports.warn(Warning{Rule: "linked-directory", Msg: "the project directory is a symbolic link; naming the project " + NormalizeName(base) + " after the link", Hint: "set name: to be sure"})
	}
	s.name = NormalizeName(base)
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

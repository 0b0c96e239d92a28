package loader

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// serviceFiles reads the files that give services variables and labels, those for
// which keep holds.
type serviceFiles struct {
	loader *loader
	model  *types.Project
	tree   *node.Node
	keep   func(service string) bool
}

// environment puts env files under what the service sets itself. Names without a
// value take the project's.
func (s serviceFiles) environment() {
	for _, name := range sortedKeys(s.model.Services) {
		if !s.keep(name) {
			continue
		}
		spec := s.model.Services[name]
		spec.Environment = spec.Environment.Resolve(s.loader.env.Lookup)
		own := spec.Environment
		values := map[string]string{}
		lookup := func(k string) (string, bool) {
			if v, ok := s.loader.env.Lookup(k); ok {
				return v, true
			}
			if v := own[k]; v != nil {
				return *v, true
			}
			return "", false
		}
		s.loader.reports.of(node.ServiceOf(name).Within("env_file"), func() {
			for _, file := range spec.EnvFiles {
				item := fileItem(s.tree.At("services", name, "env_file"), file.Path)
				if item.Refused {
					continue
				}
				s.envFile(file, item.Pos, "services."+name+".env_file", values, lookup)
			}
		})
		if len(spec.EnvFiles) > 0 {
			spec.Environment = types.Mapping(values).ToMappingWithEquals().OverrideBy(own)
			spec.EnvFiles = nil
		}
		s.model.Services[name] = spec
	}
}

func (s serviceFiles) envFile(file types.EnvFile, pos project.Position, path string, values map[string]string, lookup func(string) (string, bool)) {
	text, err := s.loader.readEnvFile(absolute(file.Path, s.loader.dir, s.loader.home()))
	if err != nil {
		if !bool(file.Required) && errors.Is(err, fs.ErrNotExist) {
			return
		}
		s.loader.reports.fail(s.loader.unreadable(file.Path, pos, path, err))
		return
	}
	switch file.Format {
	case "", ".env":
		s.loader.parseEnvFile(file.Path, text, values, lookup, func(string, project.Position) {})
	case "raw":
		err := env.ParseRaw(text, lookup, func(key, value string, _ int) { values[key] = value })
		var e *env.Error
		if errors.As(err, &e) {
			s.loader.reports.fail(&Error{Pos: project.Position{File: shown(file.Path, s.loader.cwd), Line: e.Line}, Msg: e.Msg})
		}
	default:
		s.loader.reports.fail(&Error{Pos: pos, Path: path, Msg: fmt.Sprintf("unknown format %q", file.Format), Hint: "use raw, or leave it out"})
	}
}

// unreadable is the error for a file that a Compose file names.
func (l *loader) unreadable(file string, pos project.Position, path string, err error) *Error {
	return &Error{Pos: pos, Path: path, Msg: shown(file, l.cwd) + ": " + err.Error(), Err: err}
}

// labels puts label files under the labels of the service.
func (s serviceFiles) labels() {
	for _, name := range sortedKeys(s.model.Services) {
		spec := s.model.Services[name]
		if len(spec.LabelFiles) == 0 || !s.keep(name) {
			continue
		}
		labels := map[string]string{}
		s.loader.reports.of(node.ServiceOf(name).Within("label_file"), func() {
			for _, file := range spec.LabelFiles {
				s.labelFile(name, file, labels)
			}
		})
		for k, v := range spec.Labels {
			labels[k] = v
		}
		spec.Labels = labels
		s.model.Services[name] = spec
	}
}

func (s serviceFiles) labelFile(name, file string, labels map[string]string) {
	item := fileItem(s.tree.At("services", name, "label_file"), file)
	if item.Refused {
		return
	}
	text, err := s.loader.readEnvFile(absolute(file, s.loader.dir, s.loader.home()))
	if err != nil {
		s.loader.reports.fail(s.loader.unreadable(file, item.Pos, "services."+name+".label_file", err))
		return
	}
	s.loader.parseEnvFile(file, text, labels, func(string) (string, bool) { return "", false }, func(string, project.Position) {})
}

// fileItem is what names the file in a list, or the list.
func fileItem(list *node.Node, file string) *node.Node {
	if list == nil {
		return &node.Node{}
	}
	items := list.Items
	if list.Kind == node.Scalar {
		items = []*node.Node{list}
	}
	for _, item := range items {
		named := item
		if item.Kind == node.Mapping {
			named = item.Get("path")
		}
		if text, ok := named.Str(); ok && (text == file || sameFile(text, file)) {
			return named
		}
	}
	return list
}

// sameFile reports whether the absolute path may be what the name stands for.
func sameFile(name, path string) bool {
	name = trimDots(name)
	return len(path) > len(name) && path[len(path)-len(name):] == name && (path[len(path)-len(name)-1] == '/' || path[len(path)-len(name)-1] == '\\')
}

func trimDots(name string) string {
	for {
		switch {
		case len(name) > 2 && name[:2] == "./":
			name = name[2:]
		case len(name) > 3 && name[:3] == "../":
			name = name[3:]
		default:
			return name
		}
	}
}

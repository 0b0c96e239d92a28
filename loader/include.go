package loader

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/tree"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// inclusion is one entry of include.
type inclusion struct {
	paths    []*node.Node
	dir      string
	envFiles []*node.Node
	pos      project.Position
	path     string
}

// include merges the models of the included files under a document. What the
// document itself says wins, then what earlier entries say.
func (a *assembler) include(doc *part, file string, f frame) (*part, error) {
	list := doc.tree.Get("include")
	if list == nil || list.Bad || list.Kind != node.Sequence {
		return doc, nil
	}
	resets := doc.tree.Resets(nil)
	out := &part{model: doc.model, tree: doc.tree.Without([]string{"include"})}
	delete(out.model, "include")
	for i, entry := range list.Items {
		if entry.Bad {
			continue
		}
		in, ok := a.readInclusion(entry, "include"+node.IndexElem(i), f)
		if !ok {
			continue
		}
		part, err := a.inclusionModel(in, file, f)
		if err != nil {
			return nil, err
		}
		if part == nil {
			continue
		}
		if i := part.tree.Index(project.ExtensionKey); i >= 0 {
			a.l.reports.warn(Warning{Rule: "included-extension", Pos: part.tree.Fields[i].Pos, Path: project.ExtensionKey, Msg: "has no effect in an included file", Hint: "write it in the file that includes it"})
		}
		if err := importResources(out, part, resets); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *assembler) readInclusion(n *node.Node, path string, f frame) (inclusion, bool) {
	in := inclusion{pos: n.Pos, path: path}
	if n.Kind == node.Mapping {
		in.paths, in.envFiles = node.StringNodes(n.Get("path")), node.StringNodes(n.Get("env_file"))
		in.dir, _ = n.Get("project_directory").Str()
	} else {
		in.paths = []*node.Node{n}
	}
	if len(in.paths) == 0 {
		a.l.reports.fail(&Error{Pos: in.pos, Path: path, Msg: "path is missing"})
		return in, false
	}
	if in.dir != "" {
		in.dir = absolute(in.dir, f.dir, a.l.home())
	}
	return in, true
}

// inclusionModel is the model of one entry, or nil if it cannot be read, which has
// been reported.
func (a *assembler) inclusionModel(in inclusion, file string, f frame) (*part, error) {
	files := make([]string, len(in.paths))
	for i, n := range in.paths {
		name, _ := n.Str()
		if isRemote(name) {
			a.l.reports.fail(&Error{Pos: n.Pos, Path: in.path, Msg: "remote files are not supported", Hint: "copy the file into the project"})
			return nil, nil
		}
		files[i] = absolute(name, f.dir, a.l.home())
	}
	sub := frame{dir: in.dir, chain: append(slices.Clone(f.chain), file)}
	if sub.dir == "" {
		sub.dir = filepath.Dir(files[0])
	}
	if at := slices.Index(sub.chain, files[0]); at >= 0 {
		a.includeCycle(in, sub.chain[at:])
		return nil, nil
	}
	if len(sub.chain) > a.l.limits.IncludeDepth {
		a.l.reports.fail(&Error{Pos: in.pos, Path: in.path, Msg: fmt.Sprintf("files include each other more than %d levels deep", a.l.limits.IncludeDepth)})
		return nil, nil
	}
	a.includeEnvironment(in, f, &sub)

	key := strings.Join(append([]string{sub.dir, sub.envID}, files...), "\x00")
	if known, ok := a.included[key]; ok {
		return known.clone(), nil
	}
	var sources []*source
	for i, name := range files {
		src, ok := a.openSource(name, in.paths[i].Pos, in.path)
		if !ok {
			return nil, nil
		}
		sources = append(sources, src)
	}
	p, err := a.merge(sources, sub)
	if err != nil {
		return nil, err
	}
	a.included[key] = p.clone()
	return p, nil
}

func (a *assembler) includeCycle(in inclusion, chain []string) {
	var names []string
	for _, name := range append(slices.Clone(chain), chain[0]) {
		names = append(names, shown(name, a.l.cwd))
	}
	a.l.reports.fail(&Error{Pos: in.pos, Path: in.path, Msg: "files include each other: " + strings.Join(names, " → ")})
}

// includeEnvironment makes the environment of an included model: the parent's,
// with the env files of the entry, or .env of its directory, under it.
func (a *assembler) includeEnvironment(in inclusion, f frame, sub *frame) {
	var files []envFile
	for _, n := range in.envFiles {
		if name, _ := n.Str(); name != "/dev/null" {
			files = append(files, envFile{path: absolute(name, f.dir, a.l.home()), pos: n.Pos, element: in.path + ".env_file"})
		}
	}
	if len(in.envFiles) == 0 {
		if name := filepath.Join(sub.dir, ".env"); isFile(name) {
			files = []envFile{{path: name, optional: true}}
		}
	}
	files = slices.DeleteFunc(files, func(e envFile) bool { return f.env.Read[e.path] })
	sub.env, sub.envID = f.env, f.envID
	if len(files) == 0 {
		return
	}
	sub.env = f.env.Clone()
	a.l.addEnv(sub.env, files...)
	for _, e := range files {
		sub.envID += "\x01" + e.path
		if a.l.in.NoInterpolate {
			a.l.reports.warn(Warning{Rule: "kept-variable", Pos: in.pos, Path: in.path, Msg: "variables of included " + shown(e.path, a.l.cwd) + " are not interpolated", Hint: "give them with --env-file where the output is read"})
		}
	}
}

// isRemote reports whether a file name is a Git or OCI reference.
func isRemote(name string) bool {
	return strings.HasPrefix(name, "oci://") || strings.HasPrefix(name, "git://") || strings.HasPrefix(name, "github.com/") ||
		strings.HasPrefix(name, "git@") || strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "ssh://")
}

// importResources puts what an included model declares under what the includer
// declares.
func importResources(into, from *part, resets [][]string) error {
	for _, section := range sections() {
		source, ok := from.model[section].(map[string]any)
		if !ok {
			continue
		}
		target, ok := into.model[section].(map[string]any)
		if !ok {
			target = map[string]any{}
			into.model[section] = target
		}
		for _, name := range sortedKeys(source) {
			conflict, exists := target[name]
			if !exists {
				target[name] = source[name]
				continue
			}
			resetData(map[string]any{section: map[string]any{name: source[name]}}, resets)
			merged, err := override.MergeYaml(source[name], conflict, tree.NewPath(section, name))
			if err != nil {
				return err
			}
			target[name] = merged
		}
		imported := from.tree.WithoutAll(resets).Get(section)
		merged := node.Merge(imported, into.tree.Get(section), []string{section})
		t := *into.tree
		t.Fields = slices.Clone(t.Fields)
		pos := project.Position{}
		if i := into.tree.Index(section); i >= 0 {
			pos = into.tree.Fields[i].Pos
		} else if i := from.tree.Index(section); i >= 0 {
			pos = from.tree.Fields[i].Pos
		}
		t.Set(node.Field{Key: section, Pos: pos, Node: merged})
		into.tree = &t
	}
	return nil
}

func (p *part) clone() *part {
	return &part{model: cloneData(p.model).(map[string]any), tree: p.tree}
}

// cloneData copies maps and lists, which compose-go merges in place.
func cloneData(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = cloneData(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = cloneData(e)
		}
		return list
	}
	return v
}

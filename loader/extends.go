package loader

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/paths"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// extension resolves the extends of the services of one document or one
// extended file.
type extension struct {
	a        *assembler
	part     *part
	file     string // absolute
	scope    string // see owner
	frame    frame
	resets   [][]string
	resolved map[string]bool
}

// link is a service on the way through extends, to find cycles.
type link struct {
	file, service string
	pos           project.Position
}

// extendAll resolves extends of every service of a document. include has been
// resolved before, so that its services can be extended.
func (a *assembler) extendAll(doc *part, file string, f frame, resets [][]string) error {
	services, ok := doc.model["services"].(map[string]any)
	if !ok {
		return nil
	}
	x := &extension{a: a, part: doc, file: file, frame: f, resets: resets, resolved: map[string]bool{}}
	for _, name := range sortedKeys(services) {
		if err := x.resolve(name, nil); err != nil {
			return err
		}
	}
	return nil
}

// resolve puts the service's base under it. What is wrong is reported, and the
// service stays as it is.
func (x *extension) resolve(name string, chain []link) error {
	services := x.part.model["services"].(map[string]any)
	service, ok := services[name].(map[string]any)
	if !ok || x.resolved[name] {
		return nil
	}
	x.resolved[name] = true
	written, ok := service["extends"]
	if !ok {
		return nil
	}
	outer := x.a.l.reports.at
	x.a.l.reports.at = node.Owner{Scope: x.scope, Section: "services", Name: name}
	defer func() { x.a.l.reports.at = outer }()
	n := x.part.tree.At("services", name, "extends")
	path := node.Dotted("services."+name, "extends")
	pos := x.place(name, n)
	delete(service, "extends")
	ref, file := extendsTarget(written)
	chain = append(slices.Clone(chain), link{x.file, name, pos})
	if ref == "" {
		return nil // the schema asks for it
	}
	if n.Get("service") != nil {
		pos = n.Get("service").Pos
	}
	base, err := x.base(ref, file, chain, pos, path)
	if err != nil || base == nil {
		return err
	}
	return x.extend(name, base)
}

func (x *extension) place(name string, n *node.Node) project.Position {
	if n != nil && n.Kind == node.Scalar {
		return n.Pos
	}
	if s := x.part.tree.At("services", name); s != nil {
		if i := s.Index("extends"); i >= 0 {
			return s.Fields[i].Pos
		}
		return s.Pos
	}
	return project.Position{File: shown(x.file, x.a.l.cwd)}
}

func extendsTarget(written any) (service, file string) {
	switch v := written.(type) {
	case string:
		return v, ""
	case map[string]any:
		service, _ = v["service"].(string)
		file, _ = v["file"].(string)
	}
	return service, file
}

// base is the service that is extended, with its own extends resolved, as a
// model and tree of its own; nil if there is none, which has been reported.
func (x *extension) base(ref, file string, chain []link, pos project.Position, path string) (*part, error) {
	from := x
	if file != "" {
		if isRemote(file) {
			x.a.l.reports.fail(&Error{Pos: pos, Path: path, Msg: "remote files are not supported", Hint: "copy the file into the project"})
			return nil, nil
		}
		x.inherit(absolute(file, x.frame.dir, x.a.l.home()), ref)
		p, target, err := x.a.extendedFile(absolute(file, x.frame.dir, x.a.l.home()), x.frame, x.filePlace(chain, pos), path)
		if err != nil || p == nil {
			return nil, err
		}
		from = &extension{a: x.a, part: p, file: target, scope: target, frame: x.frame, resets: p.tree.Resets(nil), resolved: map[string]bool{}}
	}
	x.inherit(from.scope, ref)
	if from.cyclic(ref, chain, pos, path) {
		return nil, nil
	}
	services, _ := from.part.model["services"].(map[string]any)
	if _, ok := services[ref]; !ok {
		x.missing(ref, from.file, sortedKeys(services), pos, path)
		return nil, nil
	}
	if err := from.resolve(ref, chain); err != nil {
		return nil, err
	}
	service, ok := services[ref].(map[string]any)
	if !ok {
		return nil, nil
	}
	return &part{model: cloneData(service).(map[string]any), tree: from.part.tree.At("services", ref)}, nil
}

// inherit notes what the service that is looked at extends: what is wrong with
// that is wrong with it.
func (x *extension) inherit(scope, ref string) {
	l := x.a.l
	if base := (node.Owner{Scope: scope, Section: "services", Name: ref}); !slices.Contains(l.reports.bases[l.reports.at], base) {
		l.reports.bases[l.reports.at] = append(l.reports.bases[l.reports.at], base)
	}
}

func (x *extension) filePlace(chain []link, pos project.Position) project.Position {
	if f := x.part.tree.At("services", chain[len(chain)-1].service, "extends", "file"); f != nil {
		return f.Pos
	}
	return pos
}

func (x *extension) missing(ref, file string, known []string, pos project.Position, path string) {
	msg := fmt.Sprintf("service %q, which it extends, does not exist", ref)
	if file != x.file {
		msg += " in " + shown(file, x.a.l.cwd)
	}
	x.a.l.reports.fail(&Error{Pos: pos, Path: path, Msg: msg, Hint: hint.DidYouMean(ref, known)})
}

// cyclic reports a service that extends itself through others.
func (x *extension) cyclic(ref string, chain []link, pos project.Position, path string) bool {
	at := slices.IndexFunc(chain, func(l link) bool { return l.file == x.file && l.service == ref })
	if at < 0 {
		return false
	}
	var steps []string
	for _, l := range chain[at:] {
		steps = append(steps, fmt.Sprintf("%s (%s)", l.service, l.pos))
	}
	x.a.l.reports.fail(&Error{Pos: pos, Path: path, Msg: "services extend each other: " + strings.Join(append(steps, ref), " → ")})
	return true
}

// extend lays the service over its base.
func (x *extension) extend(name string, base *part) error {
	services := x.part.model["services"].(map[string]any)
	resetData(map[string]any{"services": map[string]any{name: base.model}}, x.resets)
	merged, err := override.ExtendService(base.model, services[name].(map[string]any))
	if err != nil {
		return err
	}
	services[name] = merged

	root := single("services", single(name, base.tree))
	under := root.WithoutAll(x.resets).At("services", name) // with an extends only if that went wrong, as this one does then
	own := x.part.tree.At("services", name)
	tree := node.Merge(under, own.Without([]string{"extends"}), []string{"services", name})
	x.part.tree = x.part.tree.With([]string{"services", name}, tree)
	return nil
}

// extendedFile is a file that extends names, merged but with its own extends
// unresolved. It is read once per load and environment.
func (a *assembler) extendedFile(file string, f frame, pos project.Position, path string) (*part, string, error) {
	key := file + "\x00" + f.envID + "\x00" + f.dir
	if p, ok := a.extended[key]; ok {
		return p.clone(), file, nil
	}
	outer := a.l.reports.at
	a.l.reports.at = node.Owner{Scope: file}
	defer func() { a.l.reports.at = outer }()
	src, ok := a.openSource(file, pos, path)
	if !ok {
		return nil, file, nil
	}
	p := &part{model: map[string]any{}, tree: &node.Node{Kind: node.Mapping}}
	for _, doc := range src.docs {
		a.dropVersion(doc)
		a.interpolate(doc, "", a.Casts, f.env)
		a.expandHome(doc)
		a.check(doc)
		var err error
		model := doc.Data().(map[string]any)
		touched := touchedBy(model)
		if p.model, err = override.Merge(p.model, model); err != nil {
			return nil, file, a.locate(file, doc, err)
		}
		p.tree = node.Merge(p.tree, doc, nil)
		if err := canonical(p.model, touched, a.l.in.NoInterpolate); err != nil {
			return nil, file, a.locate(file, p.tree, err)
		}
	}
	if err := paths.ResolveRelativePaths(p.model, a.base(f.dir, filepath.Dir(file)), nil); err != nil {
		return nil, file, a.locate(file, p.tree, err)
	}
	a.extended[key] = p.clone()
	return p, file, nil
}

// base is the directory against which the relative paths of a file in dir are
// resolved. If paths are to stay relative, it is relative to another directory.
func (a *assembler) base(from, dir string) string {
	if !a.l.in.NoPathResolution {
		return dir
	}
	if rel, err := filepath.Rel(from, dir); err == nil {
		return rel
	}
	return dir
}

// single is a mapping of one key.
func single(key string, value *node.Node) *node.Node {
	return &node.Node{Kind: node.Mapping, Fields: []node.Field{{Key: key, Node: value}}}
}

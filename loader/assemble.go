package loader

import (
	"context"
	"fmt"
	"maps"

	"github.com/compose-spec/compose-go/v2/override"

	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/quantity"
	"github.com/musterdev/muster/loader/rules"
	"github.com/musterdev/muster/project"
)

// assembler puts the files of a load together with compose-go's merging,
// canonicalisation and path rules, and keeps a tree of nodes beside the model.
type assembler struct {
	ctx       context.Context
	l         *loader
	Casts     *quantity.Casts
	schema    *schema
	checks    *rules.Checker
	letters   map[string]bool // volumes whose name is one letter
	variables []variable
	included  map[string]*part // by what determines the result
	extended  map[string]*part
	loads     int // Compose files read, included and extended ones among them
}

// part is a merged model with its tree.
type part struct {
	model map[string]any
	tree  *node.Node
}

// source is a Compose file with its documents.
type source struct {
	file string // absolute, or "-"
	docs []*node.Node
}

// frame is what holds for a set of files: the base of their relative paths,
// their environment, and the files that led to them.
type frame struct {
	dir   string
	env   *env.Environment
	envID string // equal environments within a load have equal IDs
	chain []string
}

func (l *loader) newAssembler(ctx context.Context) (*assembler, error) {
	root, err := composeSchema()
	if err != nil {
		return nil, err
	}
	a := &assembler{ctx: ctx, l: l, Casts: quantity.New(l.limits.Replicas), schema: root, included: map[string]*part{}, extended: map[string]*part{}, letters: map[string]bool{}}
	a.checks = rules.NewChecker(rules.Settings{
		Variables: l.in.NoInterpolate, Ports: l.limits.PortRange, Tell: l.reports.found,
		Declared: func(name string) bool { return a.letters[name] },
	})
	return a, nil
}

// openSource reads and parses a Compose file. Problems are reported at pos, the
// place that names the file.
func (a *assembler) openSource(file string, pos project.Position, path string) (*source, bool) {
	if a.loads++; a.loads > a.l.limits.Files {
		a.l.reports.fail(&Error{Pos: pos, Path: path, Msg: fmt.Sprintf("more than %d files", a.l.limits.Files)})
		return nil, false
	}
	text, err := a.l.read(file, a.l.limits.FileBytes)
	if err != nil {
		if pos.IsZero() {
			a.l.failFile(file, err)
		} else {
			a.l.reports.fail(&Error{Pos: pos, Path: path, Msg: shown(file, a.l.cwd) + ": " + err.Error(), Err: err})
		}
		return nil, false
	}
	return &source{file: file, docs: a.l.parseFile(a.ctx, file, text)}, true
}

// merge makes one model of the files of a frame.
func (a *assembler) merge(sources []*source, f frame) (*part, error) {
	p := &part{model: map[string]any{}, tree: &node.Node{Kind: node.Mapping}}
	a.declare(sources)
	for _, src := range sources {
		for _, doc := range src.docs {
			if err := a.ctx.Err(); err != nil {
				return nil, context.Cause(a.ctx)
			}
			a.prepare(doc, f)
			err := guard("merge", func() error { return a.mergeDocument(p, doc, src.file, f) })
			if err != nil {
				return nil, a.locate(src.file, p.tree, err)
			}
		}
	}
	base := ""
	if !a.l.in.NoPathResolution || len(f.chain) > 0 {
		base = a.base(a.l.dir, f.dir)
	}
	values := f.env.Values
	if a.l.in.NoInterpolate {
		values = nil
	}
	if err := finish(p.model, base, values); err != nil {
		return nil, a.locate(sources[0].file, p.tree, err)
	}
	return p, nil
}

// prepare interpolates a document and reports what is wrong with it by itself.
func (a *assembler) prepare(doc *node.Node, f frame) {
	a.dropVersion(doc)
	a.interpolate(doc, "", a.Casts, f.env)
	if !a.l.in.NoPathResolution || len(f.chain) > 0 {
		a.expandHome(doc)
	}
	a.check(doc)
}

// check reports what is wrong with a document by itself.
func (a *assembler) check(doc *node.Node) {
	v := validator{l: a.l}
	v.check(doc, a.schema, "", doc.Pos)
	a.checks.Document(doc, a.l.reports.at)
	a.longForms(doc)
}

func (a *assembler) dropVersion(doc *node.Node) {
	i := doc.Index("version")
	if i < 0 {
		return
	}
	a.l.reports.warn(Warning{Rule: "version", Pos: doc.Fields[i].Pos, Path: "version", Msg: "is obsolete and ignored", Hint: "remove it"})
	doc.Drop("version")
}

func (a *assembler) mergeDocument(p *part, doc *node.Node, file string, f frame) error {
	cfg, err := a.include(&part{model: doc.Data().(map[string]any), tree: doc}, file, f)
	if err != nil {
		return err
	}
	resets := doc.Resets(nil)
	resetData(p.model, resets)
	p.tree = p.tree.WithoutAll(resets)
	if err := a.extendAll(cfg, file, f, resets); err != nil {
		return err
	}
	touched := touchedBy(cfg.model)
	if p.model, err = override.Merge(p.model, cfg.model); err != nil {
		return err
	}
	p.tree = node.Merge(p.tree, cfg.tree, nil)
	return canonical(p.model, touched, a.l.in.NoInterpolate)
}

// touchedBy notes the resources that a document declares: merging takes its
// maps apart.
func touchedBy(model map[string]any) map[string]any {
	touched := map[string]any{}
	for _, section := range sections() {
		if resources, ok := model[section].(map[string]any); ok {
			touched[section] = maps.Clone(resources)
		}
	}
	return touched
}

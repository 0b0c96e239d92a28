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

// builder puts the files of a load together with compose-go's merging,
// canonicalisation and path rules, and keeps a tree of nodes beside the model.
type builder struct {
	ctx       context.Context
	s         *session
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

func (s *session) newBuilder(ctx context.Context) (*builder, error) {
	root, err := composeSchema()
	if err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, s: s, Casts: quantity.New(s.limits.Replicas), schema: root, included: map[string]*part{}, extended: map[string]*part{}, letters: map[string]bool{}}
	b.checks = rules.NewChecker(rules.Settings{
		Variables: s.in.NoInterpolate, Ports: s.limits.PortRange, Tell: s.reports.found,
		Declared: func(name string) bool { return b.letters[name] },
	})
	return b, nil
}

// openSource reads and parses a Compose file. Problems are reported at pos, the
// place that names the file.
func (b *builder) openSource(file string, pos project.Position, path string) (*source, bool) {
	if b.loads++; b.loads > b.s.limits.Files {
		b.s.reports.fail(&Error{Pos: pos, Path: path, Msg: fmt.Sprintf("more than %d files", b.s.limits.Files)})
		return nil, false
	}
	text, err := b.s.read(file, b.s.limits.FileBytes)
	if err != nil {
		if pos.IsZero() {
			b.s.failFile(file, err)
		} else {
			b.s.reports.fail(&Error{Pos: pos, Path: path, Msg: shown(file, b.s.cwd) + ": " + err.Error(), Err: err})
		}
		return nil, false
	}
	return &source{file: file, docs: b.s.parseFile(b.ctx, file, text)}, true
}

// merge makes one model of the files of a frame.
func (b *builder) merge(sources []*source, f frame) (*part, error) {
	p := &part{model: map[string]any{}, tree: &node.Node{Kind: node.Mapping}}
	b.declare(sources)
	for _, src := range sources {
		for _, doc := range src.docs {
			if err := b.ctx.Err(); err != nil {
				return nil, context.Cause(b.ctx)
			}
			b.prepare(doc, f)
			err := guard("merge", func() error { return b.mergeDocument(p, doc, src.file, f) })
			if err != nil {
				return nil, b.locate(src.file, p.tree, err)
			}
		}
	}
	base := ""
	if !b.s.in.NoPathResolution || len(f.chain) > 0 {
		base = b.base(b.s.dir, f.dir)
	}
	values := f.env.Values
	if b.s.in.NoInterpolate {
		values = nil
	}
	if err := finish(p.model, base, values); err != nil {
		return nil, b.locate(sources[0].file, p.tree, err)
	}
	return p, nil
}

// prepare interpolates a document and reports what is wrong with it by itself.
func (b *builder) prepare(doc *node.Node, f frame) {
	b.dropVersion(doc)
	b.interpolate(doc, "", b.Casts, f.env)
	if !b.s.in.NoPathResolution || len(f.chain) > 0 {
		b.expandHome(doc)
	}
	b.check(doc)
}

// check reports what is wrong with a document by itself.
func (b *builder) check(doc *node.Node) {
	v := validator{s: b.s}
	v.check(doc, b.schema, "", doc.Pos)
	b.checks.Document(doc, b.s.reports.at)
	b.longForms(doc)
}

func (b *builder) dropVersion(doc *node.Node) {
	i := doc.Index("version")
	if i < 0 {
		return
	}
	b.s.reports.warn(Warning{Rule: "version", Pos: doc.Fields[i].Pos, Path: "version", Msg: "is obsolete and ignored", Hint: "remove it"})
	doc.Drop("version")
}

func (b *builder) mergeDocument(p *part, doc *node.Node, file string, f frame) error {
	cfg, err := b.include(&part{model: doc.Data().(map[string]any), tree: doc}, file, f)
	if err != nil {
		return err
	}
	resets := doc.Resets(nil)
	resetData(p.model, resets)
	p.tree = p.tree.WithoutAll(resets)
	if err := b.extendAll(cfg, file, f, resets); err != nil {
		return err
	}
	touched := touchedBy(cfg.model)
	if p.model, err = override.Merge(p.model, cfg.model); err != nil {
		return err
	}
	p.tree = node.Merge(p.tree, cfg.tree, nil)
	return canonical(p.model, touched, b.s.in.NoInterpolate)
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

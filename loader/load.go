package loader

import (
	"context"
	"errors"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/rules"
	"github.com/musterdev/muster/project"
)

// Load reads the Compose files and returns the project, with warnings in file
// order. The error is ErrNoFile, the context's cause, or Errors with every
// problem that the active services and what they use have; warnings come with it.
func Load(ctx context.Context, in Input) (*project.Project, []Warning, error) {
	p, warnings, err := Open(ctx, in)
	if err == nil {
		err = Refusal(p.Needed())
	}
	if err != nil {
		return nil, warnings, err
	}
	return p, warnings, nil
}

// Open is Load for those who do not need all of the files: problems that concern
// single services are kept with these, as project.Service.Problems. The error is
// of the files as a whole: they cannot be read, or are no Compose files.
func Open(ctx context.Context, in Input) (*project.Project, []Warning, error) {
	r, err := load(ctx, in)
	if err != nil {
		return nil, r.warned(), err
	}
	return r.project, r.warned(), nil
}

// result is everything that is known after a load.
type result struct {
	loader    *loader
	assembler *assembler
	part      *part // the merged model, before it was decoded
	project   *project.Project
}

func (r *result) warned() []Warning {
	if r == nil || r.loader == nil {
		return nil
	}
	return sortWarnings(r.loader.reports.order, r.loader.reports.warnings)
}

func load(ctx context.Context, in Input) (*result, error) {
	r, err := assemble(ctx, in)
	if err != nil {
		return r, err
	}
	l, tree := r.loader, r.part.tree
	var model *types.Project
	err = r.assembler.isolate("decode", r.part, func(m map[string]any) (err error) { model, err = l.decode(m, tree); return err })
	if err != nil {
		return r, r.assembler.finally(r.assembler.locate(l.files[0], tree, err))
	}
	files := serviceFiles{l, model, tree, l.selected(model)}
	if !in.NoEnvResolution {
		files.environment()
	}
	files.labels()
	positions := tree.Places(model)
	whole := rules.Project{Tree: tree, Model: model, Positions: positions, Stubs: l.stubs}
	if !in.NoConsistency {
		r.assembler.checks.Errors(whole)
	}
	r.assembler.checks.Warnings(whole)
	l.warnProfiles(tree)
	input := project.Input{
		Compose: model, Files: l.files, EnvFiles: l.envFiles, Compatible: l.compatible(), Positions: positions, Key: in.Key,
		Extensions: l.extensions(tree, model), Digests: l.digests(tree, model), BaseImages: baseImages(model),
	}
	if l.reports.spoilt() {
		return r, l.err()
	}
	input.Problems, input.Unused = l.reports.judge(tree, model)
	if r.project, err = project.New(input); err != nil {
		_ = r.assembler.locate(l.files[0], tree, err)
		return r, l.err()
	}
	return r, nil
}

// assemble merges the files into one model and checks it by itself.
func assemble(ctx context.Context, in Input) (*result, error) {
	l, err := newLoader(ctx, in)
	if err != nil {
		return nil, err
	}
	r := &result{loader: l}
	if len(l.files) == 0 {
		if err := l.err(); err != nil {
			return r, err
		}
		return r, ErrNoFile
	}
	a, err := l.newAssembler(ctx)
	if err != nil {
		return r, err
	}
	r.assembler = a
	sources := a.openAll(l.files)
	if len(sources) == 0 {
		return r, l.err()
	}
	l.decideName(sources)
	if in.Named != nil && l.err() == nil {
		in.Named(l.name)
	}
	var failed error
	if r.part, failed = a.merge(sources, frame{dir: l.dir, env: l.env}); failed != nil {
		return r, a.finally(failed)
	}
	a.complete(r.part)
	if len(r.part.model) == 0 && len(l.reports.errs) == 0 {
		l.failFile(l.files[0], errors.New("is empty"))
	}
	if len(r.part.model) == 0 {
		return r, l.err()
	}
	if !in.NoNormalize {
		r.part.model["name"] = l.name
		err := a.isolate("normalise", r.part, func(m map[string]any) error { _, err := l.normalize(m); return err })
		if err != nil {
			return r, a.finally(a.locate(l.files[0], r.part.tree, err))
		}
	}
	return r, nil
}

func (a *assembler) openAll(files []string) []*source {
	var sources []*source
	for _, f := range files {
		if src, ok := a.openSource(f, project.Position{}, ""); ok {
			sources = append(sources, src)
		}
	}
	return sources
}

// finally is the error to return: what was reported, in order, if anything was.
func (a *assembler) finally(err error) error {
	if all := a.l.err(); all != nil && a.ctx.Err() == nil {
		return all
	}
	return err
}

// complete reports what is missing or empty in the merged model, and takes what
// is not usable out of it. Of a service that is not usable its name remains.
func (a *assembler) complete(p *part) {
	v := validator{l: a.l, merged: true}
	v.check(p.tree, a.schema, "", p.tree.Pos)
	dropBad(p.model, p.tree)
	services := p.tree.Get("services")
	if services == nil || services.Kind != node.Mapping || services.Bad {
		return
	}
	for _, f := range services.Fields {
		if !f.Node.Bad {
			continue
		}
		model, ok := p.model["services"].(map[string]any)
		if !ok {
			model = map[string]any{}
			p.model["services"] = model
		}
		model[f.Key] = map[string]any{}
		a.l.stubs[f.Key] = true
	}
}

func dropBad(model map[string]any, tree *node.Node) {
	for _, f := range tree.Fields {
		switch child, ok := model[f.Key].(map[string]any); {
		case f.Node.Bad:
			delete(model, f.Key)
		case ok && f.Node.Kind == node.Mapping:
			dropBad(child, f.Node)
		}
	}
}

// Environment is the process environment of the input with the values of its
// env files under it, as interpolation sees it. It needs no Compose file.
func Environment(ctx context.Context, in Input) (map[string]string, error) {
	l, err := newLoader(ctx, in)
	if err != nil {
		return nil, err
	}
	return l.env.Values, l.err()
}

// Name is the project's name. The Compose files are read only if neither the
// input nor the environment names the project; the error is ErrNoFile then if
// there is none.
func Name(ctx context.Context, in Input) (string, error) {
	l, err := newLoader(ctx, in)
	if err != nil {
		return "", err
	}
	if err := l.err(); err != nil {
		return "", err
	}
	var sources []*source
	if !l.named() {
		if len(l.files) == 0 {
			return "", ErrNoFile
		}
		a, err := l.newAssembler(ctx)
		if err != nil {
			return "", err
		}
		sources = a.openAll(l.files)
	}
	l.decideName(sources)
	return l.name, l.err()
}

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
	session *session
	builder *builder
	part    *part // the merged model, before it was decoded
	project *project.Project
}

func (r *result) warned() []Warning {
	if r == nil || r.session == nil {
		return nil
	}
	return sortWarnings(r.session.reports.order, r.session.reports.warnings)
}

func load(ctx context.Context, in Input) (*result, error) {
	r, err := assemble(ctx, in)
	if err != nil {
		return r, err
	}
	s, tree := r.session, r.part.tree
	var model *types.Project
	err = r.builder.isolate("decode", r.part, func(m map[string]any) (err error) { model, err = s.decode(m, tree); return err })
	if err != nil {
		return r, r.builder.finally(r.builder.locate(s.files[0], tree, err))
	}
	files := serviceFiles{s, model, tree, s.selected(model)}
	if !in.NoEnvResolution {
		files.environment()
	}
	files.labels()
	positions := tree.Places(model)
	whole := rules.Project{Tree: tree, Model: model, Positions: positions, Stubs: s.stubs}
	if !in.NoConsistency {
		r.builder.checks.Errors(whole)
	}
	r.builder.checks.Warnings(whole)
	s.warnProfiles(tree)
	input := project.Input{
		Compose: model, Files: s.files, EnvFiles: s.envFiles, Compatible: s.compatible(), Positions: positions, Key: in.Key,
		Extensions: s.extensions(tree, model), Digests: s.digests(tree, model), BaseImages: baseImages(model),
	}
	if s.reports.spoilt() {
		return r, s.err()
	}
	input.Problems, input.Unused = s.reports.judge(tree, model)
	if r.project, err = project.New(input); err != nil {
		_ = r.builder.locate(s.files[0], tree, err)
		return r, s.err()
	}
	return r, nil
}

// assemble merges the files into one model and checks it by itself.
func assemble(ctx context.Context, in Input) (*result, error) {
	s, err := newSession(ctx, in)
	if err != nil {
		return nil, err
	}
	r := &result{session: s}
	if len(s.files) == 0 {
		if err := s.err(); err != nil {
			return r, err
		}
		return r, ErrNoFile
	}
	b, err := s.newBuilder(ctx)
	if err != nil {
		return r, err
	}
	r.builder = b
	sources := b.openAll(s.files)
	if len(sources) == 0 {
		return r, s.err()
	}
	s.decideName(sources)
	if in.Named != nil && s.err() == nil {
		in.Named(s.name)
	}
	var failed error
	if r.part, failed = b.merge(sources, frame{dir: s.dir, env: s.env}); failed != nil {
		return r, b.finally(failed)
	}
	b.complete(r.part)
	if len(r.part.model) == 0 && len(s.reports.errs) == 0 {
		s.failFile(s.files[0], errors.New("is empty"))
	}
	if len(r.part.model) == 0 {
		return r, s.err()
	}
	if !in.NoNormalize {
		r.part.model["name"] = s.name
		err := b.isolate("normalise", r.part, func(m map[string]any) error { _, err := s.normalize(m); return err })
		if err != nil {
			return r, b.finally(b.locate(s.files[0], r.part.tree, err))
		}
	}
	return r, nil
}

func (b *builder) openAll(files []string) []*source {
	var sources []*source
	for _, f := range files {
		if src, ok := b.openSource(f, project.Position{}, ""); ok {
			sources = append(sources, src)
		}
	}
	return sources
}

// finally is the error to return: what was reported, in order, if anything was.
func (b *builder) finally(err error) error {
	if all := b.s.err(); all != nil && b.ctx.Err() == nil {
		return all
	}
	return err
}

// complete reports what is missing or empty in the merged model, and takes what
// is not usable out of it. Of a service that is not usable its name remains.
func (b *builder) complete(p *part) {
	v := validator{s: b.s, merged: true}
	v.check(p.tree, b.schema, "", p.tree.Pos)
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
		b.s.stubs[f.Key] = true
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
	s, err := newSession(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.env.Values, s.err()
}

// Name is the project's name. The Compose files are read only if neither the
// input nor the environment names the project; the error is ErrNoFile then if
// there is none.
func Name(ctx context.Context, in Input) (string, error) {
	s, err := newSession(ctx, in)
	if err != nil {
		return "", err
	}
	if err := s.err(); err != nil {
		return "", err
	}
	var sources []*source
	if !s.named() {
		if len(s.files) == 0 {
			return "", ErrNoFile
		}
		b, err := s.newBuilder(ctx)
		if err != nil {
			return "", err
		}
		sources = b.openAll(s.files)
	}
	s.decideName(sources)
	return s.name, s.err()
}

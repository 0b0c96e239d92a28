package loader

import (
	"context"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// Load reads the Compose files and returns the project, with warnings in file
// order. The error is ErrNoFile, the context's, or Errors with every problem.
func Load(ctx context.Context, in Input) (*project.Project, []Warning, error) {
	s, err := newSession(in)
	if err != nil {
		return nil, nil, err
	}
	if len(s.files) == 0 && len(s.errs) == 0 {
		return nil, nil, ErrNoFile
	}
	var docs []*node
	details := types.ConfigDetails{WorkingDir: s.dir, Environment: s.env.values}
	for _, f := range s.files {
		text, err := s.read(f, s.limits.FileBytes)
		if err != nil {
			s.failFile(f, err)
			continue
		}
		docs = append(docs, s.parseFile(f, text)...)
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: f, Content: text})
	}
	if err := s.err(); err != nil {
		return nil, sortWarnings(s.order, s.warnings), err
	}
	if err := s.decideName(docs); err != nil {
		return nil, sortWarnings(s.order, s.warnings), err
	}
	model, err := compose.LoadWithContext(ctx, details, func(o *compose.Options) {
		o.SetProjectName(s.name, true)
		o.SkipInterpolation = in.NoInterpolate
		o.SkipNormalization = in.NoNormalize
		o.ResolvePaths = !in.NoPathResolution
		o.SkipConsistencyCheck = in.NoConsistency
		o.SkipResolveEnvironment = in.NoEnvResolution
		o.Profiles = s.profiles()
		o.PruneUnnecessaryResources = !in.AllResources
		if !in.NoEnvResolution {
			compose.WithDiscardEnvFiles(o)
		}
	})
	if err != nil {
		return nil, sortWarnings(s.order, s.warnings), Errors{{Pos: project.Position{File: shown(s.files[0], s.cwd)}, Msg: err.Error(), Err: err}}
	}
	pos := project.Positions{}
	for _, d := range docs {
		d.positions(pos, "")
	}
	p, err := project.New(project.Input{
		Compose: model, Files: s.absoluteFileList(), EnvFiles: s.envFiles, Compatible: s.compatible(), Positions: pos,
	})
	return p, sortWarnings(s.order, s.warnings), err
}

// Environment is the process environment of the input with the values of its
// env files under it, as interpolation sees it. It needs no Compose file.
func Environment(_ context.Context, in Input) (map[string]string, error) {
	s, err := newSession(in)
	if err != nil {
		return nil, err
	}
	return s.env.values, s.err()
}

// Name is the project's name. The Compose files are read only if neither the
// input nor the environment names the project.
func Name(_ context.Context, in Input) (string, error) {
	s, err := newSession(in)
	if err != nil {
		return "", err
	}
	if err := s.err(); err != nil {
		return "", err
	}
	var docs []*node
	if !s.named() {
		for _, f := range s.files {
			text, err := s.read(f, s.limits.FileBytes)
			if err != nil {
				s.failFile(f, err)
				continue
			}
			docs = append(docs, s.parseFile(f, text)...)
		}
	}
	if err := s.decideName(docs); err != nil {
		return "", err
	}
	return s.name, s.err()
}

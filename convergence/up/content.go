package up

import (
	"archive/tar"
	"context"
	"errors"
	"io"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/divergence"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// FileReader reads files of containers.
type FileReader interface {
	CopyFrom(ctx context.Context, c engine.Ref, path string) (io.ReadCloser, engine.PathStat, error)
}

// maxRead is how much of a config or secret is read: larger ones are known by
// the size and age of their file, which the container does not tell.
const maxRead = 16 << 20

// ReadContent reads the configs and secrets of containers whose labels are by
// another key than the project's: what another user made, or another machine.
// What cannot be read is left out. If all labels are by the project's key, as
// they are as a rule, it asks nothing.
func ReadContent(ctx context.Context, e FileReader, want *project.Project, have engine.Observed) (map[string]map[string]project.Fingerprint, error) {
	content := map[string]map[string]project.Fingerprint{}
	for _, c := range have.Containers {
		s := want.Service(c.Service)
		if s == nil || len(s.Content) == 0 || !divergence.MadeByMuster(c) || c.Labels[project.LabelKey] == want.Key.ID() {
			continue
		}
		content[c.ID] = map[string]project.Fingerprint{}
		for _, use := range creation.FileUses(want, s) {
			id := "config:" + use.File.Key
			if use.File.Secret {
				id = "secret:" + use.File.Key
			}
			if !c.Up() && use.File.Path == "" {
				content[c.ID][id] = s.Content[id] // it gets what there is now when it is started
				continue
			}
			read, err := readFile(ctx, e, c.Ref, use.Target)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err == nil {
				content[c.ID][id] = want.Key.Digest(project.Path(want.Name, id), read)
			}
		}
	}
	return content, nil
}

func readFile(ctx context.Context, e FileReader, c engine.Ref, path string) ([]byte, error) {
	archive, _, err := e.CopyFrom(ctx, c, path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	files := tar.NewReader(archive)
	head, err := files.Next()
	if err != nil {
		return nil, err
	}
	if head.Typeflag != tar.TypeReg || head.Size > maxRead {
		return nil, errors.New("not a regular file")
	}
	return io.ReadAll(files)
}

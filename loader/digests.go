package loader

import (
	"errors"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// maxHashed is how much of a config or secret is hashed. Larger files are known
// by size and modification time.
const maxHashed = 16 << 20

// digests are keyed digests of the content of configs and secrets, so that a
// change of it is noticed. Without a key there are none: whoever reads them from
// a label could try guesses.
func (l *loader) digests(tree *node.Node, model *types.Project) map[string]project.Fingerprint {
	out := map[string]project.Fingerprint{}
	for _, key := range sortedKeys(model.Configs) {
		l.digest(out, "config", key, types.FileObjectConfig(model.Configs[key]), tree)
	}
	for _, key := range sortedKeys(model.Secrets) {
		l.digest(out, "secret", key, types.FileObjectConfig(model.Secrets[key]), tree)
	}
	return out
}

func (l *loader) digest(out map[string]project.Fingerprint, kind, key string, f types.FileObjectConfig, tree *node.Node) {
	if bool(f.External) {
		return
	}
	content := []byte(f.Content)
	if f.File != "" {
		var err error
		if content, err = fileIdentity(absolute(f.File, l.dir, l.home())); err != nil {
			w := Warning{Rule: "unreadable", Path: kind + "s." + key + ".file", Msg: shown(f.File, l.cwd) + ": " + err.Error()}
			if n := tree.At(kind+"s", key, "file"); n != nil {
				w.Pos = n.Pos
			}
			l.reports.warn(w)
			return
		}
	}
	id := kind + ":" + key
	if d := l.in.Key.Digest(project.Path(l.name, id), content); d != "" {
		out[id] = d
	}
}

// fileIdentity is what changes when the file's content does.
func fileIdentity(path string) ([]byte, error) {
	content, err := readRegular(path, maxHashed)
	var size *hostfile.SizeError
	if !errors.As(err, &size) {
		return content, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, hostfile.Reason(err)
	}
	return fmt.Appendf(nil, "size %d, modified %d", info.Size(), info.ModTime().UnixNano()), nil
}

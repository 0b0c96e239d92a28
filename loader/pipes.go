package loader

import (
	"context"
	"slices"
	"sync"

	"github.com/musterdev/muster/internal/hostfile"
)

// Pipes keeps what the pipes said that files on the command line turned out to be.
// A pipe can be read once; loads that share the value all get the same text. The
// zero value is ready for use.
type Pipes struct {
	mu    sync.Mutex
	texts map[string][]byte
}

// read reads the file, or what a load before has read from it.
func (p *Pipes) read(ctx context.Context, path string, limit int64) ([]byte, error) {
	if b, err := readRegular(path, limit); !hostfile.IsStream(err) {
		return b, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if text, ok := p.texts[path]; ok {
		return text, nil
	}
	text, err := hostfile.ReadNamed(ctx, path, limit)
	if err != nil {
		return nil, hostfile.Reason(err)
	}
	if p.texts == nil {
		p.texts = map[string][]byte{}
	}
	p.texts[path] = text
	return text, nil
}

// onCommandLine reports whether the input itself names the file, not another file
// or the environment.
func (l *loader) onCommandLine(file string) bool {
	is := func(name string) bool { return absolute(name, l.cwd, l.home()) == file }
	return slices.ContainsFunc(l.in.Files, is) || slices.ContainsFunc(l.in.EnvFiles, is)
}

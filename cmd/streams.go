package cmd

import (
	"io"
	"path/filepath"

	"github.com/moby/go-archive"
)

// streams are what a command reads, where it prints, and the folder that its
// paths are meant from.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
	Dir      string // empty is the process's
	Terminal Terminal
}

// hostPath is a path of this host as the command was given it, from the working
// directory; what a trailing separator or dot says stays.
func (s streams) hostPath(p string) string {
	if p == "-" || filepath.IsAbs(p) || s.Dir == "" {
		return p
	}
	return archive.PreserveTrailingDotOrSeparator(filepath.Join(s.Dir, p), p)
}

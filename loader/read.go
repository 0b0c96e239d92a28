package loader

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/musterdev/muster/internal/hostfile"
)

// readRegular reads a regular file of at most limit bytes. The error names no
// path: the diagnostic does already.
func readRegular(path string, limit int64) ([]byte, error) {
	b, err := hostfile.Read(path, limit)
	if err != nil {
		return nil, hostfile.Reason(err)
	}
	return b, nil
}

// absolute makes a path absolute within dir, with ~ for home if that is known.
func absolute(path, dir, home string) string {
	if home != "" && (path == "~" || strings.HasPrefix(path, "~/")) {
		path = home + path[1:]
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// shown is the path as people read it: relative to the working directory if it
// is inside.
func shown(path, cwd string) string {
	rel, err := filepath.Rel(cwd, path)
	if err != nil || path == stdinName || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return path
	}
	return rel
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

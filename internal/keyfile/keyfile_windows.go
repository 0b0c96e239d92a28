package keyfile

import (
	"io/fs"
	"os"
)

const noFollow = 0

func ours(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// readable is told by access lists, which a user's profile has as they should be.
func readable(fs.FileInfo) bool { return false }

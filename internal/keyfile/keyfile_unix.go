//go:build !windows

package keyfile

import (
	"io/fs"
	"os"
	"syscall"
)

const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// ours reports whether the folder belongs to this user.
func ours(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return info.IsDir() && ok && int(stat.Uid) == os.Geteuid()
}

func readable(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

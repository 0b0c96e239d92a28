package lock

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// socketKind ends the names of sockets.
const socketKind = ".sock"

// Socket is where this user's supervisor of the project listens: in the folder of
// the locks, beside those of other users, since none can replace another's.
func Socket(opt Options) (string, error) {
	f, err := usable(opt.Folders)
	if err != nil {
		return "", err
	}
	return socketIn(f, opt), nil
}

// Supervisor is the kind of the lock that whoever serves a socket holds.
const Supervisor = "sup"

// supervisedBy is the lock file that goes with a socket: muster-0123-1000.sock is
// served by who holds muster-0123.sup.
func supervisedBy(socket string) string {
	return socket[:max(strings.LastIndexByte(socket, '-'), 0)] + "." + Supervisor
}

func socketIn(f Folder, opt Options) string {
	return filepath.Join(f.Path, fmt.Sprintf("%s-%d%s", opt.name(), max(os.Getuid(), 0), socketKind))
}

// Sockets are where supervisors of the project may listen, this user's first.
// Those of users who may not use the engine are left out, which is reported:
// anybody can put one there.
func Sockets(opt Options) (sockets []string, others bool) {
	i := slices.IndexFunc(opt.Folders, func(f Folder) bool { return f.check() == nil })
	if i < 0 {
		return nil, false
	}
	f := opt.Folders[i]
	own, group := socketIn(f, opt), Group(opt.Engine)
	sockets = []string{own}
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return sockets, false
	}
	for _, e := range entries {
		path := filepath.Join(f.Path, e.Name())
		switch {
		case !strings.HasPrefix(e.Name(), opt.name()+"-") || filepath.Ext(path) != socketKind || path == own || e.Type()&os.ModeSocket == 0:
		case trusted(path, group):
			sockets = append(sockets, path)
		default:
			others = true
		}
	}
	slices.Sort(sockets[1:])
	return sockets, others
}

// Group is the group that may use an engine's socket, as its mode says, or -1.
func Group(engine string) int {
	path, local := strings.CutPrefix(address(engine), "unix://")
	if !local {
		return -1
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o060 != 0o060 {
		return -1
	}
	return groupOf(info)
}

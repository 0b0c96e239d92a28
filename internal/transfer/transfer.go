// Package transfer copies files and folders between this host and containers,
// with the rules of cp: what a destination means depends on whether it exists,
// is a folder, or ends in a separator.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/go-archive"

	"github.com/musterdev/muster/engine"
)

// maxLinks bounds a chain of symbolic links in a container.
const maxLinks = 10

// Options are the choices of a copy.
type Options struct {
	FollowLink bool // copy what a symbolic link at the source points to
	Archive    bool // keep user and group IDs
}

// In copies a host path to a path in the container. "-" as the source unpacks
// the tar archive that stdin holds into the destination folder.
func In(ctx context.Context, e engine.Inside, c engine.Ref, source, destination string, stdin io.Reader, opt Options) error {
	to, err := destinationInfo(ctx, e, c, destination)
	if err != nil {
		return err
	}
	if source == "-" {
		if !to.IsDir {
			return fmt.Errorf("copy from standard input: %s:%s is not a directory", c.Name, destination)
		}
		return e.CopyArchive(ctx, c, to.Path, stdin, opt.Archive)
	}
	from, err := archive.CopyInfoSourcePath(source, opt.FollowLink)
	if err != nil {
		return fmt.Errorf("copy %s: %w", source, err)
	}
	if info, err := os.Stat(from.Path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		return fmt.Errorf("copy %s: a socket cannot be copied", source)
	}
	content, err := archive.TarResource(from)
	if err != nil {
		return fmt.Errorf("copy %s: %w", source, err)
	}
	defer content.Close()
	folder, prepared, err := archive.PrepareArchiveCopy(content, from, to)
	if err != nil {
		return fmt.Errorf("copy %s to %s:%s: %w", source, c.Name, destination, err)
	}
	defer prepared.Close()
	return e.CopyArchive(ctx, c, folder, prepared, opt.Archive)
}

// destinationInfo describes a destination, whose links are followed as far as
// they go.
func destinationInfo(ctx context.Context, e engine.Inside, c engine.Ref, destination string) (archive.CopyInfo, error) {
	info := archive.CopyInfo{Path: absolute(destination)}
	for range maxLinks {
		stat, err := e.StatPath(ctx, c, info.Path)
		if errors.Is(err, engine.ErrNotFound) {
			return info, parentExists(ctx, e, c, info.Path)
		}
		if err != nil {
			return info, err
		}
		if stat.LinkTarget == "" {
			info.Exists, info.IsDir = true, stat.Folder
			return info, nil
		}
		link := stat.LinkTarget
		if !path.IsAbs(link) {
			link = path.Join(path.Dir(info.Path), link)
		}
		info.Path = archive.PreserveTrailingDotOrSeparator(path.Clean(link), destination)
	}
	return info, fmt.Errorf("copy to %s:%s: too many symbolic links", c.Name, destination)
}

// parentExists makes a missing folder an error that names it.
func parentExists(ctx context.Context, e engine.Inside, c engine.Ref, p string) error {
	parent := path.Dir(strings.TrimRight(p, "/"))
	stat, err := e.StatPath(ctx, c, parent)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return fmt.Errorf("copy to %s:%s: directory %s does not exist", c.Name, p, parent)
	case err != nil:
		return err
	case !stat.Folder && stat.LinkTarget == "":
		return fmt.Errorf("copy to %s:%s: %s is not a directory", c.Name, p, parent)
	}
	return nil
}

// absolute reads a path of a container from its root, and keeps what a trailing
// separator or dot says.
func absolute(p string) string {
	return archive.PreserveTrailingDotOrSeparator(path.Join("/", filepath.ToSlash(p)), p)
}

// Out copies a path in the container to a host path; "-" as the destination
// writes a tar archive to stdout.
func Out(ctx context.Context, e engine.Inside, c engine.Ref, source, destination string, stdout io.Writer, opt Options) error {
	source = absolute(source)
	rebase := ""
	if opt.FollowLink {
		var err error
		if source, rebase, err = follow(ctx, e, c, source); err != nil {
			return err
		}
	}
	content, stat, err := e.CopyFrom(ctx, c, source)
	if err != nil {
		return err
	}
	defer content.Close()
	if destination == "-" {
		_, err := io.Copy(stdout, content)
		return err
	}
	if info, err := os.Stat(destination); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		// Unpacking would put a file in its place: in that of /dev/null, for root.
		return fmt.Errorf("copy %s:%s to %s: neither a file nor a directory; - writes an archive to standard output", c.Name, source, destination)
	}
	from := archive.CopyInfo{Path: source, Exists: true, IsDir: stat.Folder, RebaseName: rebase}
	var unpack io.Reader = content
	if rebase != "" {
		_, name := archive.SplitPathDirEntry(source)
		rebased := archive.RebaseArchiveEntries(content, name, rebase)
		defer rebased.Close()
		unpack = rebased
	}
	if err := archive.CopyTo(unpack, from, destination); err != nil {
		return fmt.Errorf("copy %s:%s to %s: %w", c.Name, source, destination, err)
	}
	return nil
}

// follow resolves a symbolic link at the source; rebase is the name that the
// copy keeps.
func follow(ctx context.Context, e engine.Inside, c engine.Ref, source string) (target, rebase string, err error) {
	stat, err := e.StatPath(ctx, c, source)
	if err != nil || stat.LinkTarget == "" {
		return source, "", err
	}
	target = stat.LinkTarget
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(source), target)
	}
	target, rebase = archive.GetRebaseName(source, target)
	return target, rebase, nil
}

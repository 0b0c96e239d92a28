package lock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// notesKind ends the names of notes.
	notesKind = ".seen"
	// notesAge is how long notes are worth keeping.
	notesAge = 24 * time.Hour
	// mostNotes is how much of them is read.
	mostNotes = 1 << 20
)

// Notes are what this user's commands found out about a project and nobody else
// can tell; they lie beside its locks. There are none if nobody wrote any, or a
// day ago.
func Notes(opt Options) []byte {
	i := slices.IndexFunc(opt.Folders, func(f Folder) bool { return f.check() == nil })
	if i < 0 { // which to read is no reason to make one
		return nil
	}
	file, err := os.OpenFile(notesIn(opt.Folders[i], opt), os.O_RDONLY|safely, 0)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || !ours(info) || time.Since(info.ModTime()) > notesAge {
		return nil
	}
	notes, err := io.ReadAll(io.LimitReader(file, mostNotes))
	if err != nil {
		return nil
	}
	return notes
}

// Note replaces the notes; empty ones are taken away. Who reads them at the same time gets the old or the
// new ones.
func Note(opt Options, notes []byte) error {
	f, err := usable(opt.Folders)
	if err != nil {
		return err
	}
	if len(notes) == 0 {
		if err := os.Remove(notesIn(f, opt)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	file, err := os.CreateTemp(f.Path, prefix+"*"+notesKind) // readable for nobody else
	if err != nil {
		return err
	}
	_, err = file.Write(notes)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), notesIn(f, opt))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

func notesIn(f Folder, opt Options) string {
	kind := opt.Kind
	if kind != "" {
		kind = "-" + kind
	}
	return filepath.Join(f.Path, fmt.Sprintf("%s-%d%s%s", opt.name(), max(os.Getuid(), 0), kind, notesKind))
}

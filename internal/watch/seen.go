package watch

import (
	"io/fs"
	"path/filepath"
)

// stamp tells, compared, whether the attributes of a file changed in a way that counts.
type stamp struct {
	mode     fs.FileMode
	modified int64 // in nanoseconds; zero of folders: it changes with what is in them
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{mode: info.Mode()}
	if !info.IsDir() {
		s.modified = info.ModTime().UnixNano()
	}
	return s
}

// seen is what was found below the watched paths: the names in each folder. When
// a folder goes, nothing else tells what was in it.
type seen map[string]map[string]stamp

func (s seen) put(path string, st stamp) {
	folder, name := filepath.Dir(path), filepath.Base(path)
	if s[folder] == nil {
		s[folder] = map[string]stamp{}
	}
	s[folder][name] = st
}

func (s seen) get(path string) (stamp, bool) {
	st, found := s[filepath.Dir(path)][filepath.Base(path)]
	return st, found
}

// drop forgets a path and everything below it, and calls gone for each.
func (s seen) drop(path string, gone func(path string, st stamp)) {
	st, found := s.get(path)
	if !found {
		return
	}
	folder := filepath.Dir(path)
	if delete(s[folder], filepath.Base(path)); len(s[folder]) == 0 {
		delete(s, folder)
	}
	gone(path, st)
	for name := range s[path] {
		s.drop(filepath.Join(path, name), gone)
	}
}

// each visits everything that was seen.
func (s seen) each(visit func(path string, st stamp)) {
	for folder, names := range s {
		for name, st := range names {
			visit(filepath.Join(folder, name), st)
		}
	}
}

package memengine

import (
	"fmt"
	"path"
	"strings"
)

// place is where a path of the container lives: its own layer, or the volume
// that is mounted over it, with the path inside.
func (c *container) place(name string) (files map[string]*file, inside string, readOnly bool) {
	name = path.Clean("/" + name)
	best := -1
	for i, m := range c.mounts {
		target := path.Clean(m.Target)
		if (name == target || strings.HasPrefix(name, target+"/")) && (best < 0 || len(target) > len(path.Clean(c.mounts[best].Target))) {
			best = i
		}
	}
	if best < 0 {
		return c.files, name, c.readOnly
	}
	m := c.mounts[best]
	if v := c.engine.volumes[m.Name]; m.Name != "" && v != nil {
		return v.files, strings.TrimPrefix(name, path.Clean(m.Target)), m.ReadOnly
	}
	return c.files, name, m.ReadOnly
}

func (c *container) lookup(name string) *file {
	files, inside, _ := c.place(name)
	return files[inside]
}

func (c *container) store(name string, f *file) error {
	files, inside, readOnly := c.place(name)
	if readOnly {
		return fmt.Errorf("%s: Read-only file system", name)
	}
	files[inside] = f
	return nil
}

// filesystem is what the container's small shell sees of its files.
type filesystem struct{ c *container }

// Read is the content of a file; ok is false for what is none.
func (s filesystem) Read(name string) (content []byte, ok bool) {
	f := s.c.lookup(name)
	if f == nil || f.folder {
		return nil, false
	}
	return f.content, true
}

// Write makes or replaces a file.
func (s filesystem) Write(name string, content []byte) error {
	return s.c.store(name, &file{content: content, mode: 0o644})
}

// Append adds to a file.
func (s filesystem) Append(name, text string) {
	if f := s.c.lookup(name); f != nil {
		f.content = append(f.content, text...)
	}
}

// MakeFolder makes a folder, and none above it.
func (s filesystem) MakeFolder(name string) error {
	return s.c.store(name, &file{mode: 0o755, folder: true})
}

// Remove removes a file or a folder alone and reports whether there was one.
func (s filesystem) Remove(name string) bool {
	files, inside, _ := s.c.place(name)
	_, found := files[inside]
	delete(files, inside)
	return found
}

// Exists reports whether a file or folder was made.
func (s filesystem) Exists(name string) bool { return s.c.lookup(name) != nil }

// IsFolder is true also of mount points and of what every image has.
func (s filesystem) IsFolder(name string) bool {
	f := s.c.tree(name)["."]
	return f != nil && f.folder
}

// Names are what a folder holds.
func (s filesystem) Names(folder string) []string {
	var names []string
	files, inside, _ := s.c.place(folder)
	for name := range files {
		if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(inside, "/")+"/"); ok && !strings.Contains(rest, "/") {
			names = append(names, rest)
		}
	}
	return names
}

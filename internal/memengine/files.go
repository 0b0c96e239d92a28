package memengine

import (
	"fmt"
	"path"
	"slices"
	"sort"
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

// fileTool does the commands on files.
func (c *container) fileTool(name string, args []string, write func(bool, string)) (code int, known bool) {
	paths := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	switch name {
	case "chmod", "chown", "sync":
		return 0, true
	case "mkdir":
		for _, p := range paths {
			if err := c.store(p, &file{mode: 0o755, folder: true}); err != nil {
				write(true, "mkdir: "+err.Error()+"\n")
				code = 1
			}
		}
	case "touch":
		for _, p := range paths {
			if c.lookup(p) != nil {
				continue
			}
			if err := c.store(p, &file{mode: 0o644}); err != nil {
				write(true, "touch: "+err.Error()+"\n")
				code = 1
			}
		}
	case "rm":
		for _, p := range paths {
			files, inside, _ := c.place(p)
			if files[inside] == nil && !slices.Contains(args, "-f") && !slices.Contains(args, "-rf") {
				write(true, "rm: can't remove '"+p+"': No such file or directory\n")
				code = 1
			}
			delete(files, inside)
		}
	case "cat":
		for _, p := range paths {
			f := c.lookup(p)
			if f == nil || f.folder {
				write(true, "cat: can't open '"+p+"': No such file or directory\n")
				code = 1
				continue
			}
			write(false, string(f.content))
		}
	case "ls":
		write(false, c.listing(paths))
	default:
		return 0, false
	}
	return code, true
}

func (c *container) listing(dirs []string) string {
	var names []string
	for _, dir := range dirs {
		files, inside, _ := c.place(dir)
		for name := range files {
			if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(inside, "/")+"/"); ok && !strings.Contains(rest, "/") {
				names = append(names, rest+"\n")
			}
		}
	}
	sort.Strings(names)
	return strings.Join(names, "")
}

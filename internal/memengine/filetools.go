package memengine

import (
	"slices"
	"sort"
	"strings"
)

// fileTool does the commands on files.
func (sh *shell) fileTool(name string, args []string, to output) (code int, known bool) {
	paths := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	switch name {
	case "chmod", "chown", "sync":
		return 0, true
	case "mkdir":
		for _, p := range paths {
			if err := sh.files.MakeFolder(p); err != nil {
				to(true, "mkdir: "+err.Error()+"\n")
				code = 1
			}
		}
	case "touch":
		for _, p := range paths {
			if sh.files.Exists(p) {
				continue
			}
			if err := sh.files.Write(p, nil); err != nil {
				to(true, "touch: "+err.Error()+"\n")
				code = 1
			}
		}
	case "rm":
		for _, p := range paths {
			if !sh.files.Remove(p) && !slices.Contains(args, "-f") && !slices.Contains(args, "-rf") {
				to(true, "rm: can't remove '"+p+"': No such file or directory\n")
				code = 1
			}
		}
	case "cat":
		for _, p := range paths {
			content, ok := sh.files.Read(p)
			if !ok {
				to(true, "cat: can't open '"+p+"': No such file or directory\n")
				code = 1
				continue
			}
			to(false, string(content))
		}
	case "ls":
		to(false, sh.listing(paths))
	default:
		return 0, false
	}
	return code, true
}

func (sh *shell) listing(dirs []string) string {
	var names []string
	for _, dir := range dirs {
		for _, name := range sh.files.Names(dir) {
			names = append(names, name+"\n")
		}
	}
	sort.Strings(names)
	return strings.Join(names, "")
}

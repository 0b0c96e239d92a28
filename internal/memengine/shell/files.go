package shell

import (
	"slices"
	"sort"
	"strings"
)

// fileTool does the commands on files.
func (sh *Shell) fileTool(name string, args []string, to Output) (code int, known bool) {
	paths := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	switch name {
	case "chmod", "chown", "sync":
		return 0, true
	case "mkdir":
		for _, p := range paths {
			if err := sh.Files.MakeFolder(p); err != nil {
				to(true, "mkdir: "+err.Error()+"\n")
				code = 1
			}
		}
	case "touch":
		for _, p := range paths {
			if sh.Files.Exists(p) {
				continue
			}
			if err := sh.Files.Write(p, nil); err != nil {
				to(true, "touch: "+err.Error()+"\n")
				code = 1
			}
		}
	case "rm":
		for _, p := range paths {
			if !sh.Files.Remove(p) && !slices.Contains(args, "-f") && !slices.Contains(args, "-rf") {
				to(true, "rm: can't remove '"+p+"': No such file or directory\n")
				code = 1
			}
		}
	case "cat":
		for _, p := range paths {
			content, ok := sh.Files.Read(p)
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

func (sh *Shell) listing(dirs []string) string {
	var names []string
	for _, dir := range dirs {
		for _, name := range sh.Files.Names(dir) {
			names = append(names, name+"\n")
		}
	}
	sort.Strings(names)
	return strings.Join(names, "")
}

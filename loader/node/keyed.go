package node

import "github.com/musterdev/muster/project"

// keyed reports whether lists at the path (as project.Path makes it) are short
// forms of mappings: K=V items or names.
func keyed(path string) bool { return keyedPath(project.SplitPath(path)) }

func keyedPath(elems []string) bool {
	if len(elems) < 3 || elems[0] != "services" {
		return len(elems) == 3 && elems[2] == "labels"
	}
	switch elems[2] {
	case "environment", "labels", "annotations", "sysctls", "depends_on", "networks", "models":
		return len(elems) == 3
	case "build":
		return len(elems) == 4 && (elems[3] == "args" || elems[3] == "labels" || elems[3] == "additional_contexts")
	case "deploy":
		return len(elems) == 4 && elems[3] == "labels"
	}
	return false
}

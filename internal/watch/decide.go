package watch

import (
	"cmp"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// File is a file or folder to bring into a container, or to remove there.
type File struct {
	Host      string
	Container string
}

// Compare orders files by their paths, a folder before what is in it.
func (f File) Compare(other File) int {
	return cmp.Or(strings.Compare(f.Host, other.Host), strings.Compare(f.Container, other.Container))
}

// Work is what a batch of changes means for a service, in this order: a rebuild
// makes everything else needless; else files are synced, then commands run or
// the service is restarted.
type Work struct {
	Service string
	Rebuild bool
	Sync    []File // sorted by host path, each once
	Restart bool
	Exec    []project.Hook
}

// Decide says what changes of the paths mean. The result is sorted by service,
// and the same for every order of paths.
func Decide(rules []Rule, changed []string) []Work {
	work := map[string]*Work{}
	sync := map[string]map[File]bool{}
	for _, changedPath := range slices.Compact(slices.Sorted(slices.Values(changed))) {
		for i, r := range rules {
			if !r.matches(changedPath) {
				continue
			}
			w := work[r.Service]
			if w == nil {
				w = &Work{Service: r.Service}
				work[r.Service], sync[r.Service] = w, map[File]bool{}
			}
			w.add(rules[i])
			if r.syncs() {
				sync[r.Service][File{changedPath, r.containerPath(changedPath)}] = true
			}
		}
	}
	out := make([]Work, 0, len(work))
	for _, name := range slices.Sorted(maps.Keys(work)) {
		w := work[name]
		if w.Rebuild {
			*w = Work{Service: name, Rebuild: true}
		} else {
			w.Sync = slices.SortedFunc(maps.Keys(sync[name]), File.Compare)
		}
		out = append(out, *w)
	}
	return out
}

func (w *Work) add(r Rule) {
	switch r.Action {
	case types.WatchActionRebuild:
		w.Rebuild = true
	case types.WatchActionRestart, types.WatchActionSyncRestart:
		w.Restart = true
	case types.WatchActionSyncExec:
		same := func(h project.Hook) bool {
			return slices.Equal(h.Command, r.Exec.Command) && h.User == r.Exec.User && h.WorkingDir == r.Exec.WorkingDir
		}
		if !slices.ContainsFunc(w.Exec, same) {
			w.Exec = append(w.Exec, r.Exec)
		}
	}
}

// containerPath is where a file of the rule belongs in the container.
func (r Rule) containerPath(host string) string {
	rel, err := filepath.Rel(r.Path, host)
	if err != nil || rel == "." {
		return r.Target
	}
	return path.Join(r.Target, filepath.ToSlash(rel))
}

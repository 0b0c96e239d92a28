// Package watch says what a change of files means for running services, as the
// develop.watch section of a Compose file declares it, and notices the changes.
//
// What a change means is decided by pure functions on paths; noticing changes
// uses the system's notifications, no polling. Files are gathered for a moment
// of quiet, but never for longer than half a second, so that a build tool that
// writes without end does not hold changes back.
package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// Rule is one entry of a service's develop.watch section.
type Rule struct {
	Service string
	Action  types.WatchAction
	Path    string // absolute, symbolic links resolved as far as it exists
	Target  string // in the container
	Initial bool   // what differs in the container is synced at the start
	Exec    project.Hook
	Pos     project.Position

	base    string // no folder above it is watched for the sake of Path
	include *globs // nil includes everything
	ignore  *globs
	context buildContext
}

// syncs reports whether the rule copies files.
func (r Rule) syncs() bool {
	return r.Action == types.WatchActionSync || r.Action == types.WatchActionSyncRestart || r.Action == types.WatchActionSyncExec
}

// Rules reads the rules of the services. Warnings say what is left out and why.
// The error names the place of a rule that cannot be followed.
func Rules(p *project.Project, services []*project.Service) (rules []Rule, warnings []string, err error) {
	for _, s := range services {
		if s.Spec.Develop == nil {
			continue
		}
		for i, t := range s.Spec.Develop.Watch {
			pos := p.Positions.Of("services", s.Name, "develop", "watch", fmt.Sprintf("[%d]", i))
			r, err := newRule(p, s, t)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: services.%s.develop.watch[%d]: %w", pos, s.Name, i, err)
			}
			r.Pos = pos
			if bind, mounted := bindOver(s, r); mounted {
				warnings = append(warnings, fmt.Sprintf("%s: %s is not synced: %s is a bind mount, which shows changes already", pos, t.Path, bind))
				continue
			}
			if r.context.leavesOut(r.Path) && !isFile(r.Path) {
				warnings = append(warnings, fmt.Sprintf("%s: %s is not watched: excluded by %s", pos, t.Path, r.context.ignoreFile))
				continue
			}
			rules = append(rules, r)
		}
	}
	return rules, warnings, nil
}

func newRule(p *project.Project, s *project.Service, t types.Trigger) (Rule, error) {
	r := Rule{Service: s.Name, Action: t.Action, Target: t.Target, Initial: project.InitialSync(t), Exec: p.Hook(t.Exec)}
	switch {
	case r.Action == types.WatchActionRebuild && s.Spec.Build == nil:
		return r, fmt.Errorf("the action rebuild needs a build section")
	case r.syncs() && r.Target == "":
		return r, fmt.Errorf("the action %s needs a target", r.Action)
	case r.Action == types.WatchActionSyncExec && len(r.Exec.Command) == 0:
		return r, fmt.Errorf("the action sync+exec needs exec.command")
	}
	var err error
	if r.Path, err = resolve(t.Path); err != nil {
		return r, fmt.Errorf("watch %s: %w", t.Path, err)
	}
	if r.base = filepath.Dir(r.Path); p.Dir != "" {
		if dir, err := filepath.EvalSymlinks(p.Dir); err == nil && within(dir, r.base) {
			r.base = dir
		}
	}
	if len(t.Include) > 0 {
		if r.include, err = newGlobs(unrooted(t.Include)); err != nil {
			return r, fmt.Errorf("include: %w", err)
		}
	}
	if r.ignore, err = newGlobs(append(slices.Clone(ephemeral), unrooted(t.Ignore)...)); err != nil {
		return r, fmt.Errorf("ignore: %w", err)
	}
	r.context, err = contextOf(p, s)
	return r, err
}

// resolve follows symbolic links as far as the path exists.
func resolve(path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return resolved, err
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path, nil
	}
	if parent, err = resolve(parent); err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(path)), nil
}

// isFile reports whether something other than a folder is there.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// bindOver finds a bind mount that already shows the rule's files.
func bindOver(s *project.Service, r Rule) (target string, found bool) {
	if !r.syncs() {
		return "", false
	}
	for _, v := range s.Spec.Volumes {
		if v.Type == types.VolumeTypeBind && within(v.Source, r.Path) && within(v.Target, r.Target) {
			return v.Target, true
		}
	}
	return "", false
}

// within reports whether a path is the folder or lies in it.
func within(folder, path string) bool {
	_, inside := relative(folder, path)
	return inside
}

// relative is the path as seen from the folder, if it is or lies in it.
func relative(folder, path string) (rel string, inside bool) {
	rel, err := filepath.Rel(folder, path)
	return rel, err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// matches reports whether a change of the path concerns the rule.
func (r Rule) matches(changed string) bool {
	rel, inside := relative(r.Path, changed)
	switch {
	case !inside:
		return false
	case rel == ".":
		return true // the rule's path is the file itself
	case r.syncs() && r.context.describes(changed):
		return false
	case r.ignore.match(rel) || r.context.excludes(changed):
		return false
	}
	return r.include == nil || r.include.match(rel)
}

// skipsFolder reports whether nothing below the folder can concern the rule, so
// that it need not be watched.
func (r Rule) skipsFolder(folder string) bool {
	rel, inside := relative(r.Path, folder)
	if !inside || rel == "." {
		return !inside
	}
	return !r.ignore.exceptions() && r.ignore.match(rel) || r.context.leavesOut(folder)
}

// Package watch says what a change of files means for running services, as the
// develop.watch section of a Compose file declares it, and notices the changes.
//
// What a change means is decided by pure functions on paths; noticing changes
// uses the system's notifications, no polling. Files are gathered for a moment
// of quiet, but never for longer than half a second, so that a build tool that
// writes without end does not hold changes back.
package watch

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/patternmatcher"

	"github.com/musterdev/muster/project"
)

// Rule is one entry of a service's develop.watch section.
type Rule struct {
	Service string
	Action  types.WatchAction
	Path    string // absolute, symbolic links resolved
	Target  string // in the container
	Initial bool   // sync what is newer than the image at the start
	Exec    project.Hook
	Pos     project.Position

	include *patternmatcher.PatternMatcher // nil includes everything
	ignore  *patternmatcher.PatternMatcher
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
				warnings = append(warnings, fmt.Sprintf("%s: %s is not synced: %s is a bind mount and shows changes by itself", pos, t.Path, bind))
				continue
			}
			rules = append(rules, r)
		}
	}
	return rules, warnings, nil
}

func newRule(p *project.Project, s *project.Service, t types.Trigger) (Rule, error) {
	r := Rule{Service: s.Name, Action: t.Action, Target: t.Target, Initial: t.InitialSync, Exec: p.Hook(t.Exec)}
	var err error
	if r.Path, err = filepath.EvalSymlinks(t.Path); err != nil {
		return r, fmt.Errorf("watch %s: %w", t.Path, err)
	}
	switch {
	case r.Action == types.WatchActionRebuild && s.Spec.Build == nil:
		return r, fmt.Errorf("the action rebuild needs a build section")
	case r.syncs() && r.Target == "":
		return r, fmt.Errorf("the action %s needs a target", r.Action)
	case r.Action == types.WatchActionSyncExec && len(r.Exec.Command) == 0:
		return r, fmt.Errorf("the action sync+exec needs exec.command")
	}
	if len(t.Include) > 0 {
		if r.include, err = patternmatcher.New(t.Include); err != nil {
			return r, fmt.Errorf("include: %w", err)
		}
	}
	r.ignore, err = patternmatcher.New(append(ignored(s, r.Path), t.Ignore...))
	if err != nil {
		return r, fmt.Errorf("ignore: %w", err)
	}
	return r, nil
}

// ignored are the patterns that always apply: what the build context leaves out,
// version control, and the temporary files of editors.
func ignored(s *project.Service, root string) []string {
	patterns := []string{
		".git", "**/.git", "**/*~", "**/.#*", "**/#*#", "**/*.swp", "**/*.swx", "**/*.swo", "**/4913", "**/.DS_Store",
		"**/*___jb_tmp___", "**/*___jb_old___",
	}
	if s.Spec.Build == nil || s.Spec.Build.Context == "" {
		return patterns
	}
	context, err := filepath.EvalSymlinks(s.Spec.Build.Context)
	if err != nil {
		return patterns
	}
	text, err := os.ReadFile(filepath.Join(context, ".dockerignore"))
	if err != nil {
		return patterns
	}
	rel, err := filepath.Rel(context, root)
	if err != nil {
		return patterns
	}
	return append(patterns, rebase(string(text), filepath.ToSlash(rel))...)
}

// rebase turns patterns relative to a build context into patterns relative to a
// folder in it. Patterns that name other folders do not apply.
func rebase(ignorefile, folder string) []string {
	var out []string
	for line := range strings.Lines(ignorefile) {
		pattern := strings.TrimSpace(line)
		if pattern == "" || strings.HasPrefix(pattern, "#") {
			continue
		}
		negated := strings.HasPrefix(pattern, "!")
		pattern = path.Clean(strings.TrimPrefix(strings.TrimPrefix(pattern, "!"), "/"))
		if folder != "." && !strings.HasPrefix(pattern, "**") {
			inside, found := strings.CutPrefix(pattern, folder+"/")
			if !found {
				continue
			}
			pattern = inside
		}
		if negated {
			pattern = "!" + pattern
		}
		out = append(out, pattern)
	}
	return out
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
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Matches reports whether a change of the path concerns the rule.
func (r Rule) Matches(changed string) bool {
	rel, err := filepath.Rel(r.Path, changed)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return false
	}
	if rel == "." {
		return true // the rule's path is the file itself
	}
	if skip, err := r.ignore.MatchesOrParentMatches(rel); err != nil || skip {
		return false
	}
	if r.include == nil {
		return true
	}
	match, err := r.include.MatchesOrParentMatches(rel)
	return err == nil && match
}

// skipsFolder reports whether nothing below the folder can concern the rule, so
// that it need not be watched.
func (r Rule) skipsFolder(folder string) bool {
	rel, err := filepath.Rel(r.Path, folder)
	if err != nil || rel == "." || r.ignore.Exclusions() {
		return false
	}
	skip, err := r.ignore.MatchesOrParentMatches(rel)
	return err == nil && skip
}

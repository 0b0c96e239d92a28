package images

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Compare sorts images by name and platform.
func Compare(a, b engine.ImageRef) int {
	return cmp.Or(strings.Compare(a.Ref, b.Ref), strings.Compare(a.Platform, b.Platform))
}

// Options are what the command says of images.
type Options struct {
	Ready      bool   // they were pulled and built just now: no steps
	Pull       string // pull policy over the services' own
	Build      bool   // build every service that can be built
	NoBuild    bool
	NoHooks    bool // no hook runs, so that none needs its image
	QuietPull  bool
	QuietBuild bool
	// Now is the time that pull policies with an age compare with.
	Now time.Time
}

// Set are the images of a plan, and how those that need it are brought: with at
// most one pull and one build each.
type Set struct {
	want *project.Project
	have engine.Observed
	opt  Options
	uses []*use
	// fresh are the images that the plan may bring anew.
	fresh map[engine.ImageRef]bool
}

// use is an image and the services of the scope that use it.
type use struct {
	ref     engine.ImageRef
	users   []*project.Service // that run it
	mounts  []*project.Service // that mount it
	builder *project.Service   // the first that builds it

	pull, build string // why it is pulled, and then built; empty if it is not
	optional    bool   // the pull may fail
	// unless are the images that make the build needless once they are there;
	// none means that it is needed in any case.
	unless []engine.ImageRef
}

// Decide says how the images of the services come to be there.
func Decide(n *plan.Notes, want *project.Project, have engine.Observed, services []*project.Service, opt Options) *Set {
	s := &Set{want: want, have: have, opt: opt, fresh: map[engine.ImageRef]bool{}}
	if opt.Ready {
		return s
	}
	s.group(n, services)
	for _, u := range s.uses {
		s.decide(n, u)
	}
	s.buildBases(n)
	for _, u := range s.uses {
		s.fresh[u.ref] = u.pull != "" || u.build != ""
		if u.build != "" {
			checkPlatform(n, want, u.builder)
		}
	}
	return s
}

// Fresh reports whether the plan may bring another image of that name.
func (s *Set) Fresh(ref engine.ImageRef) bool { return s.fresh[ref] }

// Steps are the steps that bring images.
type Steps struct {
	All []*plan.Handle
	of  map[engine.ImageRef]*plan.Handle
}

// Of is the step that brings the image; nil if none does.
func (s Steps) Of(ref engine.ImageRef) *plan.Handle { return s.of[ref] }

// Emit adds the steps.
func (s *Set) Emit(d *plan.Draft) Steps {
	steps := Steps{of: map[engine.ImageRef]*plan.Handle{}}
	pulls, turns := map[engine.ImageRef]*plan.Handle{}, map[string]*plan.Handle{}
	for _, u := range s.uses {
		if u.pull != "" {
			pulls[u.ref] = &plan.Handle{}
		}
	}
	var builds builds
	for _, u := range s.uses {
		tag := project.FullTag(u.ref.Ref)
		step := turns[tag] // platforms that share a tag take turns
		if u.pull != "" {
			pull := plan.PullImage{Image: u.ref, Services: serviceNames(u.users, u.mounts), Optional: u.optional, Quiet: s.opt.QuietPull}
			step = d.Put(pulls[u.ref], name(u.ref), "pull", pull, u.pull, step)
			steps.All = append(steps.All, step)
		}
		if u.build != "" {
			spec := engine.BuildSpec{Project: s.want, Service: u.builder, Quiet: s.opt.QuietBuild, Labels: creation.BuildLabels(s.want, u.builder)}
			needs := []*plan.Handle{step}
			for _, ref := range u.unless {
				needs = append(needs, pulls[ref])
			}
			step = d.Add(name(u.ref), "build", plan.BuildImage{Spec: spec, IfMissing: u.unless}, u.build, needs...)
			builds.add(u.builder, step)
			steps.All = append(steps.All, step)
		}
		if step != turns[tag] {
			turns[tag], steps.of[u.ref] = step, step
		}
	}
	builds.order(s.want)
	return steps
}

// group groups the services by image, sorted.
func (s *Set) group(n *plan.Notes, services []*project.Service) {
	uses := map[engine.ImageRef]*use{}
	of := func(ref engine.ImageRef) *use {
		if uses[ref.Plain()] == nil {
			uses[ref.Plain()] = &use{ref: ref.Plain()}
		}
		return uses[ref.Plain()]
	}
	for _, svc := range slices.SortedFunc(slices.Values(services), func(a, b *project.Service) int { return strings.Compare(a.Name, b.Name) }) {
		if svc.Provider || svc.Replicas == 0 {
			continue
		}
		u := of(engine.ServiceImage(svc))
		u.users = append(u.users, svc)
		switch {
		case svc.Build && u.builder == nil:
			u.builder = svc
		case svc.Build && !reflect.DeepEqual(u.builder.Spec.Build, svc.Spec.Build):
			n.Warn("services %s and %s build the same image %s: only the build section of %s is used", u.builder.Name, svc.Name, svc.Image, u.builder.Name)
		}
		mounted := engine.VolumeImages(s.want, svc)
		if !s.opt.NoHooks {
			mounted = append(mounted, creation.HookImages(s.want, svc)...)
		}
		for _, ref := range mounted {
			of(ref).mounts = append(of(ref).mounts, svc)
		}
	}
	s.uses = slices.SortedFunc(maps.Values(uses), func(a, b *use) int { return Compare(a.ref, b.ref) })
}

// decide says whether the image is pulled, built, or both in turn.
func (s *Set) decide(n *plan.Notes, u *use) {
	local, present := s.have.Image(u.ref)
	build, buildWhy := s.wantsBuild(u, present)
	pull, pullWhy, optional := s.wantsPull(u, local, present)
	if pull && build && buildWhy != missingImage {
		pull = false // built in any case
	}
	if pull {
		u.pull, u.optional = pullWhy, optional || build
	}
	if build {
		u.build = buildWhy
	}
	if pull && build {
		u.unless = []engine.ImageRef{u.ref}
	}
	if !pull && !build && !present {
		s.missing(n, u)
	}
}

const missingImage = "does not exist yet"

// name names the steps that bring an image.
func name(ref engine.ImageRef) string {
	if ref.Platform != "" && ref.Platform != project.NativePlatform {
		return "image " + ref.Ref + " " + ref.Platform
	}
	return "image " + ref.Ref
}

func serviceNames(groups ...[]*project.Service) []string {
	var names []string
	for _, g := range groups {
		for _, s := range g {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *Set) wantsBuild(u *use, present bool) (bool, string) {
	if u.builder == nil || s.opt.NoBuild {
		return false, ""
	}
	switch {
	case s.opt.Build:
		return true, "build requested"
	case s.pullPolicy(u.builder) == "build":
		return true, "pull_policy is build"
	case !present:
		return true, missingImage
	}
	return false, ""
}

// wantsPull says whether and why the image is pulled, and whether that may fail.
func (s *Set) wantsPull(u *use, local engine.Image, present bool) (pull bool, why string, optional bool) {
	if u.builder != nil && u.builder.Spec.Image == "" {
		return false, "", false // a name that no registry knows
	}
	users := u.users
	if len(users) == 0 { // only mounted
		return !present && s.opt.Pull != "never", missingImage, false
	}
	optional = true
	for _, svc := range users {
		policy := s.pullPolicy(svc)
		switch {
		case policy == "never" || policy == "build":
		case !present:
			return true, missingImage, false
		case policy == "always":
			pull, why, optional = true, "pull_policy is always", u.builder != nil
		case !pull:
			pull, why = expired(policy, local, s.opt.Now)
		}
	}
	return pull, why, optional
}

// expired reports whether the image is older than the policy's age.
func expired(policy string, local engine.Image, now time.Time) (bool, string) {
	age, ok := refreshAge(policy)
	if !ok || local.LastTagged.IsZero() || now.Sub(local.LastTagged) < age {
		return false, ""
	}
	return true, fmt.Sprintf("pull_policy is %s and the image was last tagged %s ago", policy, shortAge(now.Sub(local.LastTagged)))
}

// shortAge is an age without its zeroes: 30h, 2h31m.
func shortAge(d time.Duration) string {
	s := strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

var everyAge = regexp.MustCompile(`^every_((?:\d+[wdhms])+)$`)

var agePart = regexp.MustCompile(`(\d+)([wdhms])`)

// refreshAge is the age after which a policy asks for a pull. ok is false for
// policies without one.
func refreshAge(policy string) (age time.Duration, ok bool) {
	const day = 24 * time.Hour
	switch policy {
	case "daily":
		return day, true
	case "weekly":
		return 7 * day, true
	}
	m := everyAge.FindStringSubmatch(policy)
	if m == nil {
		return 0, false
	}
	units := map[string]time.Duration{"w": 7 * day, "d": day, "h": time.Hour, "m": time.Minute, "s": time.Second}
	for _, part := range agePart.FindAllStringSubmatch(m[1], -1) {
		n, err := strconv.Atoi(part[1])
		if err != nil { // too large to ever be due
			return 0, false
		}
		age += time.Duration(n) * units[part[2]]
	}
	return age, true
}

// pullPolicy is the policy of the command line, else the service's own.
func (s *Set) pullPolicy(svc *project.Service) string {
	if s.opt.Pull != "" && s.opt.Pull != "policy" {
		return s.opt.Pull
	}
	return svc.PullPolicy
}

// missing refuses an image that is not there and that nothing may bring.
func (s *Set) missing(n *plan.Notes, u *use) {
	svc := slices.Concat(u.users, u.mounts)[0] // nobody else would ask for it
	if svc.Build && s.opt.NoBuild {
		n.Fail(svc.Pos, "service %s: image %s is missing and --no-build was given", svc.Name, u.ref.Ref)
		return
	}
	n.Fail(svc.Pos, "service %s: image %s is missing and its pull_policy is %q", svc.Name, u.ref.Ref, cmp.Or(s.pullPolicy(svc), "never"))
}

package up

import (
	"cmp"
	"fmt"
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

func compareImageRefs(a, b engine.ImageRef) int {
	return cmp.Or(strings.Compare(a.Ref, b.Ref), strings.Compare(a.Platform, b.Platform))
}

// imageUse is an image and the services of the scope that use it.
type imageUse struct {
	ref     engine.ImageRef
	users   []*project.Service // that run it
	mounts  []*project.Service // that mount it
	Builder *project.Service   // the first that builds it

	pull, build string // why it is pulled, and then built; empty if it is not
	optional    bool   // the pull may fail
	// unless are the images that make the build needless once they are there;
	// none means that it is needed in any case.
	unless []engine.ImageRef
}

// planImages adds at most one pull and one build per image.
func (u *up) planImages() {
	u.fresh = map[engine.ImageRef]bool{}
	if u.opt.ImagesReady {
		return
	}
	uses := u.imageUses()
	for _, use := range uses {
		u.decideImage(use)
	}
	uses = u.buildBases(uses)
	pulled := map[engine.ImageRef]bool{}
	for _, use := range uses {
		pulled[use.ref] = use.pull != ""
	}
	for _, use := range uses {
		u.emitImage(use, pulled)
	}
	orderBuilds(&u.Builder, u.want)
}

// imageUses groups the scope by image, sorted.
func (u *up) imageUses() []*imageUse {
	uses := map[engine.ImageRef]*imageUse{}
	of := func(ref engine.ImageRef) *imageUse {
		if uses[ref.Plain()] == nil {
			uses[ref.Plain()] = &imageUse{ref: ref.Plain()}
		}
		return uses[ref.Plain()]
	}
	for _, s := range slices.SortedFunc(slices.Values(u.scope), func(a, b *project.Service) int { return strings.Compare(a.Name, b.Name) }) {
		if s.Provider || s.Replicas == 0 {
			continue
		}
		use := of(engine.ServiceImage(s))
		use.users = append(use.users, s)
		switch {
		case s.Build && use.Builder == nil:
			use.Builder = s
		case s.Build && !reflect.DeepEqual(use.Builder.Spec.Build, s.Spec.Build):
			u.Warn("services %s and %s build the same image %s: only the build section of %s is used", use.Builder.Name, s.Name, s.Image, use.Builder.Name)
		}
		for _, ref := range slices.Concat(engine.VolumeImages(u.want, s), u.hookImages(s)) {
			mounted := of(ref)
			mounted.mounts = append(mounted.mounts, s)
		}
	}
	sorted := make([]*imageUse, 0, len(uses))
	for _, use := range uses {
		sorted = append(sorted, use)
	}
	slices.SortFunc(sorted, func(a, b *imageUse) int { return compareImageRefs(a.ref, b.ref) })
	return sorted
}

// decideImage says whether the image is pulled, built, or both in turn.
func (u *up) decideImage(use *imageUse) {
	local, present := u.have.Image(use.ref)
	build, buildWhy := u.wantsBuild(use, present)
	pull, pullWhy, optional := u.wantsPull(use, local, present)
	if pull && build && buildWhy != missingImage {
		pull = false // built in any case
	}
	if pull {
		use.pull, use.optional = pullWhy, optional || build
	}
	if build {
		use.build = buildWhy
	}
	if pull && build {
		use.unless = []engine.ImageRef{use.ref}
	}
	if !pull && !build && !present {
		u.missing(use)
	}
}

// emitImage adds the steps that bring the image.
func (u *up) emitImage(use *imageUse, pulled map[engine.ImageRef]bool) {
	if use.pull == "" && use.build == "" {
		return
	}
	id := imageID(use.ref)
	tag := project.FullTag(use.ref.Ref)
	step := u.turns[tag] // platforms that share a tag take turns
	if use.pull != "" {
		step = u.Add(id+"/pull", plan.PullImage{Image: use.ref, Services: serviceNames(use.users, use.mounts), Optional: use.optional, Quiet: u.opt.QuietPull}, use.pull, step)
		u.imageSteps = append(u.imageSteps, step)
	}
	if use.build != "" {
		checkPlatform(&u.Builder, u.want, use.Builder)
		spec := engine.BuildSpec{Project: u.want, Service: use.Builder, Quiet: u.opt.QuietBuild, Labels: creation.BuildLabels(u.want, use.Builder)}
		pulls := []plan.StepID{step}
		for _, ref := range use.unless {
			if pulled[ref] {
				pulls = append(pulls, imageID(ref)+"/pull")
			}
		}
		step = u.Add(id+"/build", plan.BuildImage{Spec: spec, IfMissing: use.unless}, use.build, pulls...)
		u.imageSteps = append(u.imageSteps, step)
	}
	u.turns[tag] = step
	u.images[use.ref] = step
	u.fresh[use.ref] = true
}

const missingImage = "not there yet"

func imageID(ref engine.ImageRef) plan.StepID {
	if ref.Platform != "" && ref.Platform != project.NativePlatform {
		return plan.StepID("image " + ref.Ref + " " + ref.Platform)
	}
	return plan.StepID("image " + ref.Ref)
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

func (u *up) wantsBuild(use *imageUse, present bool) (bool, string) {
	if use.Builder == nil || u.opt.NoBuild {
		return false, ""
	}
	switch {
	case u.opt.Build:
		return true, "a build was asked for"
	case u.pullPolicy(use.Builder) == "build":
		return true, "pull_policy is build"
	case !present:
		return true, missingImage
	}
	return false, ""
}

// wantsPull says whether and why the image is pulled, and whether that may fail.
func (u *up) wantsPull(use *imageUse, local engine.Image, present bool) (pull bool, why string, optional bool) {
	if use.Builder != nil && use.Builder.Spec.Image == "" {
		return false, "", false // a name that no registry knows
	}
	users := use.users
	if len(users) == 0 { // only mounted
		return !present && u.opt.Pull != "never", missingImage, false
	}
	optional = true
	for _, s := range users {
		policy := u.pullPolicy(s)
		switch {
		case policy == "never" || policy == "build":
		case !present:
			return true, missingImage, false
		case policy == "always":
			pull, why, optional = true, "pull_policy is always", use.Builder != nil
		case !pull:
			pull, why = expired(policy, local, u.opt.Now)
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
func (u *up) pullPolicy(s *project.Service) string {
	if u.opt.Pull != "" && u.opt.Pull != "policy" {
		return u.opt.Pull
	}
	return s.PullPolicy
}

// missing refuses an image that is not there and that nothing may bring.
func (u *up) missing(use *imageUse) {
	s := slices.Concat(use.users, use.mounts)[0] // nobody else would ask for it
	if s.Build && u.opt.NoBuild {
		u.Fail(s.Pos, "service %s: image %s is not there, and --no-build forbids building it", s.Name, use.ref.Ref)
		return
	}
	u.Fail(s.Pos, "service %s: image %s is not there, and its pull policy %q forbids pulling it", s.Name, use.ref.Ref, cmp.Or(u.pullPolicy(s), "never"))
}

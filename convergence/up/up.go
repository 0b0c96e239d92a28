package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// PlanUp is the plan that brings what runs in line with the project: images,
// networks and volumes, then the containers of the targets and of what they
// depend on. Where it cannot be done it says why, with the place in the file,
// before anything changes. Neither argument is written to.
//
// Containers are created as soon as their networks and volumes are there; only
// starts wait for dependencies. Nothing new is made and nothing that runs is
// stopped before every image that the plan needs is there.
func PlanUp(want *project.Project, have engine.Observed, opt UpOptions) (plan.Plan, error) {
	u, err := newUp(want, have, opt)
	if err != nil {
		return plan.Plan{}, err
	}
	u.checkServices()
	u.planImages()
	u.surveyNetworks()
	u.surveyVolumes()
	for _, s := range u.scope {
		u.survey(s)
	}
	u.announceGrants()
	u.finish(u.scope)
	p, err := u.Plan(want.Name)
	p.Provisional, p.Diverged = u.provisional(), u.diverged
	return p, err
}

// newUp resolves targets and scope.
func newUp(want *project.Project, have engine.Observed, opt UpOptions) (*up, error) {
	want, err := want.WithReplicas(opt.Scale)
	if err != nil {
		return nil, err
	}
	u := &up{
		want: want, opt: opt, partial: len(opt.Services) > 0,
		services: map[string]*servicePlan{}, images: map[engine.ImageRef]plan.StepID{}, turns: map[string]plan.StepID{},
		networks: map[string]*networkPlan{}, volumes: map[string]*volumePlan{},
		gone: map[string]plan.StepID{}, awaits: map[plan.StepID]bool{}, modelled: map[plan.StepID]bool{}, steppedAside: map[plan.StepID]bool{},
	}
	var strangers []string
	if u.have, strangers = have.Sorted().IgnoreStrangers(want); len(strangers) > 0 {
		u.Warn("%s", engine.StrangersWarning(strangers))
	}
	return u, u.choose()
}

// finish turns what was decided about the services of the scope into steps.
func (u *up) finish(scope []*project.Service) {
	u.scope = scope
	u.surveyGuests()
	u.planOrphans()
	u.markStops()
	u.emitNetworks()
	u.emitVolumes()
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			u.emitSlot(sl)
		}
		u.emitPreStart(sp)
		u.emitProvider(sp)
	}
	u.removeRenamedNetworks()
	u.spareRebuilt()
	dropAnonymous(&u.Builder, u.have, u.gone, u.inherited())
	u.waitForNames()
	u.waitForTargets()
}

// up is the work of PlanUp.
type up struct {
	plan.Builder
	want *project.Project
	have engine.Observed
	opt  UpOptions

	scope   []*project.Service // what is converged, dependencies first
	targets map[string]bool
	partial bool // only what the scope uses counts, not all of the project

	images     map[engine.ImageRef]plan.StepID // the step that brings it
	turns      map[string]plan.StepID          // by tag, the last step that may move it
	imageSteps []plan.StepID
	fresh      map[engine.ImageRef]bool // images that may change

	networks map[string]*networkPlan // by key
	volumes  map[string]*volumePlan  // by key

	services map[string]*servicePlan
	order    []*servicePlan // dependencies first

	gone   map[string]plan.StepID // by container ID, the step that removes it
	awaits map[plan.StepID]bool
	// modelled are the models that are prepared.
	modelled map[plan.StepID]bool
	diverged []string // volumes that are defined otherwise now and kept

	steppedAside map[plan.StepID]bool
}

// servicePlan is a service and what becomes of its containers.
type servicePlan struct {
	*project.Service
	slots    []*slot
	guest    bool   // not converged, only affected
	replaced string // why the containers get new IDs; empty if the first one stays
}

// choose resolves targets and scope.
func (u *up) choose() error {
	g, err := u.want.Graph()
	if err != nil {
		return err
	}
	u.targets = map[string]bool{}
	names := u.opt.Services
	if len(names) == 0 {
		names = u.want.ServiceNames()
	}
	for _, name := range names {
		if u.want.Service(name) == nil {
			return &project.UnknownServiceError{Name: name}
		}
		u.targets[name] = true
	}
	chosen := g
	if !u.opt.NoDeps {
		chosen = g.Closure(names...)
	}
	for _, name := range chosen.Order() {
		if u.targets[name] || !u.opt.NoDeps {
			u.scope = append(u.scope, u.want.Service(name))
		}
	}
	return nil
}

// policy is the recreate policy of a service.
func (u *up) policy(service string) RecreatePolicy {
	if u.targets[service] {
		if u.opt.RenewAnonVolumes {
			return RecreateForce
		}
		return orDiverged(u.opt.Recreate)
	}
	if u.opt.RecreateDeps == "" && u.opt.Recreate == RecreateNever {
		return RecreateNever
	}
	return orDiverged(u.opt.RecreateDeps)
}

func orDiverged(p RecreatePolicy) RecreatePolicy {
	if p == "" {
		return RecreateDiverged
	}
	return p
}

// checkServices refuses what cannot be started, before anything changes.
func (u *up) checkServices() {
	for _, s := range u.scope {
		if s.Provider {
			continue
		}
		if s.ContainerName != "" && s.Replicas > 1 {
			u.Fail(s.Pos, "service %s: container_name %q allows one replica only, not %d", s.Name, s.ContainerName, s.Replicas)
		}
		if s.Replicas > 0 {
			creation.CheckFiles(&u.Builder, u.want, s, false)
		}
	}
	u.checkNames()
}

// checkNames refuses two services with one container name.
func (u *up) checkNames() {
	owner := map[string]*project.Service{}
	for _, s := range u.scope {
		if s.ContainerName == "" {
			continue
		}
		if first := owner[s.ContainerName]; first != nil {
			u.Fail(s.Pos, "service %s: container_name %q is that of service %s already", s.Name, s.ContainerName, first.Name)
		}
		owner[s.ContainerName] = s
	}
}

// provisional reports whether an image step may replace the image of a
// container that stays, or of a volume that it mounts.
func (u *up) provisional() bool {
	for _, sp := range u.order {
		fresh := u.fresh[engine.ServiceImage(sp.Service).Plain()] || slices.ContainsFunc(engine.VolumeImages(u.want, sp.Service), func(r engine.ImageRef) bool { return u.fresh[r] })
		if fresh && u.policy(sp.Name) != RecreateNever && slices.ContainsFunc(sp.slots, func(sl *slot) bool { return sl.fate == keep }) {
			return true
		}
	}
	return false
}

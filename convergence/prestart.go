package convergence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// emitPreStart runs the pre_start hooks of a service, one after the other,
// before the first of its containers starts: once per service, when all of its
// containers that start are made and none of it runs any more. If a hook fails
// nothing of the service starts, and what was stopped for it is put back.
func (u *up) emitPreStart(sp *servicePlan) {
	starting := slices.DeleteFunc(slices.Clone(sp.slots), func(sl *slot) bool { return !u.starts(sl) })
	runs := slices.ContainsFunc(sp.slots, func(sl *slot) bool { return sl.fate == keep && sl.runs() })
	if len(sp.PreStart) == 0 || len(starting) == 0 || runs || sp.guest {
		return
	}
	var needs []StepID
	var undo []Action
	finish := false
	for _, sl := range starting {
		start := u.step(sl.id + "/start")
		needs = slices.Concat(needs, start.Needs)
		undo = slices.Concat(undo, start.OnFailure)
		finish = finish || start.Finish
	}
	for i, h := range sp.PreStart {
		a := RunPreStart{Spec: u.hookSpec(sp.Service, starting[0], i), Beside: madeAs(starting[0]), Index: i, Hook: h, OwnImage: sp.OwnImage(h)}
		a.Files = containerFiles(u.want, a.Spec.Service)
		id := StepID(fmt.Sprintf("%s/pre_start-%d", sp.Name, i))
		u.add(id, a, "before the service starts", slices.Concat(needs, []StepID{u.images[h.Image]})...)
		u.last().Finish, u.last().OnFailure = finish, undo
		needs = []StepID{id}
	}
	for _, sl := range starting {
		start := u.step(sl.id + "/start")
		start.Needs = slices.Concat(start.Needs, needs)
	}
}

// madeAs addresses the slot's container before it starts.
func madeAs(sl *slot) Ref {
	if sl.fate == recreate {
		return Ref{Name: project.TemporaryName(sl.old.ID, sl.name)}
	}
	return sl.ref()
}

// hookSpec asks for the container of a pre_start hook. Its labels make it
// nobody's replica, so that what is left of it is found and removed.
func (u *up) hookSpec(s *project.Service, beside *slot, index int) CreateSpec {
	h := s.PreStart[index]
	name := strings.Join([]string{u.want.Name, s.Name, fmt.Sprintf("pre_start%s%d", u.want.Separator, index)}, u.want.Separator)
	spec := CreateSpec{
		Project: u.want, Service: s.ForHook(h), Name: name, Refs: beside.refs,
		Labels: containerLabels(u.want, s, 0, true), RestartPolicy: string(restartpolicy.No),
	}
	for _, l := range []string{
		project.LabelConfigHash, project.LabelOneOff, project.LabelDependsOn, project.LabelSections,
		project.LabelContent, project.LabelPolicy, project.LabelOwner,
	} {
		delete(spec.Labels, l)
	}
	spec.Labels[project.LabelHook], spec.Labels[project.LabelName] = "pre_start", name
	return spec
}

// hookImages are the images of pre_start hooks that have one of their own.
func hookImages(p *project.Project, s *project.Service) []ImageRef {
	var refs []ImageRef
	for _, h := range s.PreStart {
		if s.OwnImage(h) {
			refs = append(refs, ImageRef{Ref: h.Image, Platform: cmp.Or(s.Spec.Platform, p.Environment["DOCKER_DEFAULT_PLATFORM"])})
		}
	}
	return refs
}

// hookImages are the images that the plan's hooks of the service need.
func (u *up) hookImages(s *project.Service) []ImageRef {
	if u.opt.NoStart {
		return nil
	}
	return hookImages(u.want, s)
}

// RunPreStart runs a pre_start command to its end, in a container of its own
// that goes with it.
type RunPreStart struct {
	Spec   CreateSpec // of the hook's container
	Files  []ContainerFile
	Beside Ref // a container of the service whose volumes the hook shares
	Index  int
	Hook   project.Hook
	// OwnImage says that the hook does not run the service's image.
	OwnImage bool
}

func (a RunPreStart) String() string {
	s := fmt.Sprintf("run pre_start[%d] of %s", a.Index, a.Spec.Service.Name)
	if a.OwnImage {
		s += " from " + a.Hook.Image
	}
	return s
}

// Object implements Action.
func (a RunPreStart) Object() string { return containerObject(Ref{Name: a.Spec.Name}) }

func (a RunPreStart) apply(ctx context.Context, r *run, id StepID) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("run pre_start[%d] of %s: %w", a.Index, a.Spec.Service.Name, err)
		}
	}()
	c, err := a.create(ctx, r)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, gone(r.engine.RemoveContainer(context.WithoutCancel(ctx), c, true)))
	}()
	if len(a.Files) > 0 {
		if err := (CopyFiles{Target: c, Files: a.Files}).apply(ctx, r, id); err != nil {
			return err
		}
	}
	if err := r.engine.StartContainer(ctx, c); err != nil {
		return err
	}
	last, err := a.follow(ctx, r, c)
	if err != nil {
		return err
	}
	seen, err := r.engine.InspectContainer(ctx, c)
	if err != nil {
		return err
	}
	if seen.ExitCode == 0 {
		return nil
	}
	if last = plain(last); last != "" {
		return fmt.Errorf("exited with code %d: %s", seen.ExitCode, last)
	}
	return fmt.Errorf("exited with code %d", seen.ExitCode)
}

// create makes the hook's container. One of that name that an interrupted run
// left behind gives way.
func (a RunPreStart) create(ctx context.Context, r *run) (Ref, error) {
	spec, err := r.complete(ctx, a.Spec)
	if err != nil {
		return Ref{}, err
	}
	delete(spec.Labels, project.LabelConfigHash)
	spec.Service = spec.Service.WithVolumesOf(r.target(a.Beside).Key())
	spec = r.provide(spec)
	made, err := r.engine.CreateContainer(ctx, spec)
	if errors.Is(err, ErrConflict) {
		old, lookErr := r.engine.InspectContainer(ctx, Ref{Name: spec.Name})
		if lookErr != nil || old.Project != spec.Project.Name || old.Labels[project.LabelHook] == "" {
			return Ref{}, err
		}
		if err := gone(r.engine.RemoveContainer(ctx, old.Ref, true)); err != nil {
			return Ref{}, err
		}
		made, err = r.engine.CreateContainer(ctx, spec)
	}
	return Ref{ID: made.ID, Name: spec.Name}, err
}

// follow shows what the hook prints until it ends, and returns its last line
// that says anything. A log that cannot be read is only not shown.
func (a RunPreStart) follow(ctx context.Context, r *run, c Ref) (string, error) {
	last := ""
	var shown func([]byte) error
	if r.opt.HookOutput != nil {
		out := r.opt.HookOutput(RunHook{Target: c, Service: a.Spec.Service.Name, Kind: "pre_start", Index: a.Index, Hook: a.Hook})
		shown = func(line []byte) error {
			_, err := out.Write(append(slices.Clone(line), '\n'))
			return err
		}
	}
	logErr := r.engine.Logs(ctx, c, LogOptions{Follow: true, Tail: -1}, func(l LogLine) error {
		if text := strings.TrimSpace(string(l.Text)); text != "" {
			last = text
		}
		if shown != nil {
			return shown(l.Text)
		}
		return nil
	})
	err := r.tracker.Until(ctx, func(o Observed) (bool, error) {
		seen, ok := o.Container(c.ID)
		if !ok {
			return false, fmt.Errorf("its container is gone: %w", ErrNotFound)
		}
		return !alive(seen) && seen.State != Created, nil
	})
	if err != nil && logErr != nil {
		err = errors.Join(err, logErr)
	}
	return last, err
}

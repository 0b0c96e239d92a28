package apply

import (
	"context"
	"errors"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// StepError is why a step of a plan failed.
type StepError struct {
	Step    plan.StepID
	Action  plan.Action
	Service string           // empty if it concerns none
	Pos     project.Position // of what is to blame in the file, as far as it is known
	// Undone says what was put back because of the failure; empty if there was
	// nothing to put back.
	Undone string
	// Failure tells what is known of the container at fault; nil if none is.
	Failure *Failure
	Err     error
	// RestoreErr is why something could not be put back; Undone says so too.
	RestoreErr error
}

// Error is one line: where in the file, which service, what was being done and
// why it failed, and what was put back.
func (e *StepError) Error() string {
	var b strings.Builder
	if !e.Pos.IsZero() {
		b.WriteString(e.Pos.String() + ": ")
	}
	if e.Service != "" {
		b.WriteString("service " + e.Service + ": ")
	}
	b.WriteString(e.reason())
	return b.String()
}

// Unwrap returns the causes.
func (e *StepError) Unwrap() []error {
	if e.RestoreErr == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.RestoreErr}
}

func (e *StepError) reason() string {
	if e.Undone == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + "; " + e.Undone
}

// explain finds out where a failed step comes from.
func (r *run) explain(_ context.Context, s plan.Step, err error) *StepError {
	about := s.Action.About()
	e := &StepError{Step: s.ID, Action: s.Action, Service: about.Service, Pos: about.Pos, Err: err}
	errors.As(err, &e.Failure)
	switch {
	case e.Service == "" && about.Brings.Ref != "": // a pull is for whoever wants the image
		e.Pos = r.asksFor(about.Brings)
	case e.Pos.IsZero():
		e.Pos = r.position(e.Service, err)
	}
	return e
}

// asksFor is where the first service that wants the image names it.
func (r *run) asksFor(image engine.ImageRef) project.Position {
	for _, s := range r.plan.Steps {
		c := s.Action.About().Creates
		if c != nil && engine.ServiceImage(c.Service).Plain() == image.Plain() && c.Project.Positions.Has("services", c.Service.Name, "image") {
			return c.Project.Positions.Of("services", c.Service.Name, "image")
		}
	}
	return project.Position{}
}

// position is where the service's attribute that the engine complains about
// stands, else where the service does.
func (r *run) position(service string, err error) project.Position {
	want := r.opt.Want
	for _, s := range r.plan.Steps {
		if c := s.Action.About().Creates; c != nil && c.Service.Name == service {
			want = c.Project
		}
	}
	if want == nil || service == "" {
		return project.Position{}
	}
	for _, attribute := range suspects(err.Error()) {
		if want.Positions.Has("services", service, attribute) {
			return want.Positions.Of("services", service, attribute)
		}
	}
	if s := want.Service(service); s != nil {
		return s.Pos
	}
	return want.Positions.Of("services", service)
}

// suspects are the attributes that an engine's complaint is about, likeliest
// first. Engines have no codes for these; their words have been the same for years.
func suspects(complaint string) []string {
	complaint = strings.ToLower(complaint)
	for _, c := range []struct {
		words      []string
		attributes []string
	}{
		{[]string{"port is already allocated", "address already in use", "bind host port", "userland proxy"}, []string{"ports"}},
		{[]string{"pre_start"}, []string{"pre_start"}},
		{[]string{"post_start"}, []string{"post_start"}},
		{[]string{"pre_stop"}, []string{"pre_stop"}},
		{[]string{"no such image", "manifest unknown", "pull access denied"}, []string{"image"}},
		{[]string{"container name"}, []string{"container_name"}},
		{[]string{"mount", "bind source path", "volume"}, []string{"volumes", "configs", "secrets"}},
		{[]string{"executable file not found", "exec format", "exec:", "permission denied", "no such file or directory"}, []string{"entrypoint", "command"}},
		{[]string{"network"}, []string{"networks", "network_mode"}},
		{[]string{"user"}, []string{"user"}},
		{[]string{"device"}, []string{"devices", "gpus"}},
		{[]string{"sysctl"}, []string{"sysctls"}},
		{[]string{"memory"}, []string{"mem_limit", "deploy"}},
	} {
		for _, w := range c.words {
			if strings.Contains(complaint, w) {
				return c.attributes
			}
		}
	}
	return nil
}

// restore does the step's OnFailure, all of it, and notes what came of it. The
// operation may have been cancelled: it gets a time of its own.
func (e *StepError) restore(ctx context.Context, r *run, s plan.Step) {
	if len(s.OnFailure) == 0 {
		return
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), restoreTime, errors.New("it took too long"))
	defer cancel()
	var back []string
	var errs []error
	for _, a := range s.OnFailure {
		about := a.About()
		r.reporter.restored(s, a, engine.Working, about.Words[0])
		if err := r.act(ctx, a, s.ID); err != nil && !errors.Is(err, errKept) {
			errs = append(errs, err)
			continue
		}
		r.reporter.restored(s, a, engine.Done, about.Words[1])
		if about.Starts {
			back = append(back, about.Target.Name)
		}
	}
	switch len(back) {
	case 0:
	case 1:
		e.Undone = "the previous container " + back[0] + " was put back"
	default:
		e.Undone = plan.NameList(back) + " were put back"
	}
	if e.RestoreErr = errors.Join(errs...); e.RestoreErr != nil {
		why := strings.ReplaceAll(e.RestoreErr.Error(), "\n", "; ")
		e.Undone = strings.TrimPrefix(e.Undone+"; ", "; ") + "rollback failed: " + why
	}
}

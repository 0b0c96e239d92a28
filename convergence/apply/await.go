package apply

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// DefaultSettle is how long a container without a check must stay up to count
// as ready, unless the Await says otherwise.
const DefaultSettle = time.Second

// settleLook is how often a container is looked at that is down while it settles.
const settleLook = 100 * time.Millisecond

// deadlineError says that a wait took longer than it may.
type deadlineError struct{ after time.Duration }

func (e *deadlineError) Error() string { return fmt.Sprintf("not ready after %s", e.after) }

// apply waits for all targets at the same time. The first that can no longer
// meet the condition ends the wait.
func (r *run) await(ctx context.Context, a plan.Await, id plan.StepID) error {
	if a.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, a.Timeout, &deadlineError{a.Timeout})
		defer cancel()
	}
	if a.Settle <= 0 {
		a.Settle = DefaultSettle
	}
	g, all := errgroup.WithContext(ctx)
	for _, c := range a.Targets {
		w := &wait{Await: a, run: r, step: id, container: r.target(c), began: time.Now(), probed: make(chan struct{})}
		g.Go(func() error { return w.apply(all) })
	}
	err := g.Wait()
	if err == nil || errors.Is(err, errNotRun) {
		return err
	}
	late := (*deadlineError)(nil)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) && !errors.As(cause, &late) {
		return cause // nobody's fault
	}
	if !a.Optional {
		return err
	}
	p := r.reporter.event(r.steps[id], engine.Warning, "Skipped")
	p.Details, p.Err = optional(a, err), err
	var f *Failure
	if errors.As(err, &f) {
		p.ID = plan.ContainerObject(f.Container)
	}
	r.reporter.tell(p)
	return errKept
}

// optional says in Docker Compose's words that an optional dependency failed.
func optional(a plan.Await, err error) string {
	var f *Failure
	if errors.As(err, &f) {
		err = f.Err
	}
	if text, found := strings.CutPrefix(err.Error(), "service "+strconv.Quote(a.Service)+" "); found {
		return fmt.Sprintf("optional dependency %q %s", a.Service, text)
	}
	return fmt.Sprintf("optional dependency %q is not running or is unhealthy: %s", a.Service, err)
}

// wait is the wait for one container.
type wait struct {
	plan.Await
	run       *run
	step      plan.StepID
	container engine.Ref
	began     time.Time
	seen      engine.Inspection  // as the wait began; zero if the condition needs none
	probed    chan struct{}      // closed when the first probe of our own is done
	refused   *engine.ExecResult // what the last failed probe of our own said; nil if none failed. Read after meet
}

func (w *wait) apply(ctx context.Context) error {
	w.tell(engine.Working, "Waiting")
	text, err := w.meet(ctx)
	if err == nil {
		w.tell(engine.Done, text)
		return nil
	}
	err = w.failure(ctx, err)
	if f := (*Failure)(nil); len(w.Targets) > 1 && !(errors.As(err, &f) && f.Container == w.container) {
		w.tell(engine.Warning, "Interrupted") // another replica is to blame, or nobody
	}
	return err
}

func (w *wait) tell(phase engine.Phase, text string) {
	p := engine.Progress{Step: string(w.step), ID: plan.ContainerObject(w.container), Service: w.Service, Phase: phase, Text: text}
	if phase == engine.Working {
		p.Waiting = w.Service + " to be " + plan.ConditionWords(w.Condition)
	}
	w.run.reporter.tellWait(p)
}

// failure gathers what is known of the container, unless nothing is wrong with it.
func (w *wait) failure(ctx context.Context, err error) error {
	late := (*deadlineError)(nil)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) && !errors.As(cause, &late) {
		return err
	}
	return w.run.investigate(ctx, w, err)
}

// meet waits until the condition is met and returns the word for it.
func (w *wait) meet(ctx context.Context) (text string, err error) {
	if w.Condition == project.Healthy || w.Condition == plan.RunningOrHealthy {
		if w.seen, err = w.run.engine.InspectContainer(ctx, w.container); err != nil {
			return "", err
		}
		w.container.ID = w.seen.ID
	}
	// Two or three ways to learn of it; the first one counts.
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan answer, 2)
	ways := []func(context.Context) (string, error){w.watch}
	if way := w.look(); way != nil {
		ways = append(ways, way)
	}
	for i, way := range ways {
		go func() {
			text, err := way(ctx)
			answers <- answer{text, err, i > 0}
		}()
	}
	var first *answer
	for range ways {
		a := <-answers
		if first == nil && !errors.Is(a.err, errNoProbe) {
			first = &a
			cancel() // no goroutine outlives the wait
		}
	}
	cancel()
	if tell := w.run.opt.Healthy; tell != nil && first.ours && first.err == nil && w.seen.HealthCheck != nil && w.seen.Health != engine.HealthHealthy {
		tell(w.seen.Ref, w.seen.StartedAt)
	}
	return first.text, first.err
}

type answer struct {
	text string
	err  error
	ours bool // not the engine's
}

// errNoProbe says that we cannot look ourselves, so that only the engine's
// verdict counts. watch never says so.
var errNoProbe = errors.New("no probe")

// checked reports whether a check says when the container is ready.
func (w *wait) checked() bool {
	return w.seen.HealthCheck != nil || w.probes()
}

// probes reports whether the service has a readiness check of ours.
func (w *wait) probes() bool { return w.Ready != nil && !w.run.opt.EngineHealth }

func (w *wait) unchecked() string {
	if w.Ready != nil {
		return fmt.Sprintf("container %s has no healthcheck, and x-muster.ready is not used with --engine-health", w.container.Name)
	}
	return fmt.Sprintf("container %s has no healthcheck, so it can never be healthy: declare one, or wait for service_started", w.container.Name)
}

// look is our own way to find out, nil if there is none.
func (w *wait) look() func(context.Context) (string, error) {
	switch {
	case w.Condition != project.Healthy && w.Condition != plan.RunningOrHealthy:
		return nil
	case !w.checked() && w.Condition == project.Healthy:
		return w.neverHealthy
	case !w.checked():
		return w.settle
	case w.probes():
		return w.probe
	case w.run.opt.EngineHealth:
		return nil
	}
	return w.probeExec
}

// neverHealthy fails a container that nothing can find healthy, once it is clear
// that it runs: that it exited, and how, is what people need to know first.
func (w *wait) neverHealthy(ctx context.Context) (string, error) {
	if _, err := w.settle(ctx); err != nil {
		return "", err
	}
	return "", errors.New(w.unchecked())
}

// watch follows what the engine says of the container.
func (w *wait) watch(ctx context.Context) (text string, err error) {
	first := true
	about := []string{w.container.ID}
	if w.container.ID == "" { // known by name only: any event may be its
		about = nil
	}
	err = w.run.feed.UntilOf(ctx, about, func(o engine.Observed) (bool, error) {
		c, there := o.Container(w.container.Key())
		if !there {
			return false, fmt.Errorf("container %s was removed", w.container.Name)
		}
		var met bool
		met, text, err = w.judge(c)
		stale := first && errors.Is(err, errUnhealthy)
		first = false
		if stale && w.look() != nil {
			// That may be the verdict of long ago: ours comes first.
			select {
			case <-w.probed:
			case <-ctx.Done():
				return false, context.Cause(ctx)
			}
		}
		return met, err
	})
	return text, err
}

// errUnhealthy is the engine's verdict.
var errUnhealthy = errors.New("is unhealthy")

// judge says whether the container meets the condition, with the word for it,
// or why it cannot any more.
func (w *wait) judge(c engine.Container) (met bool, text string, err error) {
	switch c.State {
	case engine.Restarting:
		// As long as its policy restarts it there is hope. A policy that also
		// restarts what succeeded would never let it be seen as exited.
		return w.Condition == project.Completed && c.ExitCode == 0, "Exited", nil
	case engine.Exited:
		return w.judgeExit(c)
	case engine.Created:
		return false, "", fmt.Errorf("container %s was not started", c.Name)
	case engine.Dead, engine.Removing:
		return false, "", fmt.Errorf("container %s is being removed", c.Name)
	}
	if w.Condition == project.Started {
		return true, "Started", nil
	}
	if w.Condition == project.Completed || w.seen.HealthCheck == nil {
		return false, "", nil
	}
	switch c.Health {
	case engine.HealthHealthy:
		return !w.probes(), "Healthy", nil
	case engine.HealthUnhealthy:
		return false, "", fmt.Errorf("container %s %w", c.Name, errUnhealthy)
	}
	return false, "", nil
}

// judgeExit is judge for a container that has exited for good.
func (w *wait) judgeExit(c engine.Container) (met bool, text string, err error) {
	switch {
	case w.Condition == project.Started:
		return true, "Started", nil
	case w.Condition == project.Completed && c.ExitCode == 0:
		return true, "Exited", nil
	case w.Condition == project.Completed:
		return false, "", fmt.Errorf("service %q didn't complete successfully: exit %d", w.Service, c.ExitCode)
	case w.Condition == plan.RunningOrHealthy && c.ExitCode == 0 && oneShot(w.seen.RestartPolicy):
		return true, "Exited", nil
	}
	if w.Condition == project.Healthy && !w.checked() {
		return false, "", fmt.Errorf("container %s exited (%d), and has no healthcheck to be healthy by", c.Name, c.ExitCode)
	}
	return false, "", fmt.Errorf("container %s exited (%d)", c.Name, c.ExitCode)
}

// oneShot reports whether a container that succeeded stays exited.
func oneShot(policy string) bool {
	return policy == "" || policy == "no" || policy == "on-failure" || strings.HasPrefix(policy, "on-failure:")
}

// settle waits until a container without a check has stayed up long enough.
func (w *wait) settle(ctx context.Context) (string, error) {
	seen, left := w.seen, w.Settle
	if at := w.run.startedAt(w.container); !at.IsZero() {
		left -= time.Since(at)
	} else if !seen.StartedAt.IsZero() {
		left -= max(0, time.Since(seen.StartedAt))
	}
	for {
		if err := sleep(ctx, left); err != nil {
			return "", err
		}
		if left <= 0 && seen.State == engine.Running {
			return "Healthy", nil
		}
		now, err := w.run.engine.InspectContainer(ctx, w.container)
		if err != nil {
			return "", err
		}
		switch {
		case now.State != engine.Running: // its policy restarts it, or watch ends the wait
			left = min(w.Settle, settleLook)
		case now.StartedAt.Equal(seen.StartedAt):
			return "Healthy", nil
		default: // it restarted: the time begins anew
			seen, left = now, w.Settle
		}
	}
}

// startedAt is when this plan started the container; zero if it did not.
func (r *run) startedAt(c engine.Ref) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started[c.Key()]
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

package supervise

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// ward is a container under supervision: what was seen of it last, what its
// events told, what was decided and what is being done.
type ward struct {
	ref     engine.Ref
	service string

	seen    engine.Inspection
	known   bool // seen is set
	reading int  // the occasion on which seen was read
	edges   restartpolicy.Edges
	history restartpolicy.History

	decision restartpolicy.Decision
	told     string // the decision that was recorded last

	looking bool                 // an inspection is under way
	again   bool                 // look again after it
	acting  restartpolicy.Action // what is being done, or Leave
	granted bool                 // the action holds a place in the budget

	// settling says that an action has ended and its outcome has not been seen.
	settling bool
	// stopping says that an action of ours makes the engine stop it.
	IsStopping bool
	// ourStop is until when, by the engine's clock, events may tell of a stop of
	// ours that is accounted for.
	ourStop  time.Time
	ended    restartpolicy.Reason // why the supervisor stopped it for good, until it runs again
	checkAt  time.Duration        // when to look at it again at the latest; zero is never
	refusals int                  // actions in a row that the engine refused, starts apart
	notUntil time.Duration        // before which none of them is tried again

	upSince time.Duration // when the present run was first seen
	health  engine.Health // the last verdict while it ran
	looping bool          // a crash loop was alerted and has not ended
	sick    bool          // unhealthiness was alerted and it has not recovered
	bad     bool          // something was alerted and it has not recovered
}

// Supervision is what the supervisor knows of a container and plans for it.
type Supervision struct {
	Container engine.Ref
	Service   string
	State     engine.State
	Health    engine.Health
	Owner     restartpolicy.Owner
	Policy    restartpolicy.Policy
	Restarts  int // by the engine and the supervisor since the last deliberate start
	Decision  restartpolicy.Decision
	// Next is how long until the decision is carried out; negative if nothing is due.
	Next      time.Duration
	CrashLoop bool
}

// policy is the declared policy and its owner, as the container's labels have
// them. What another tool made carries none: then the engine owns what it was
// told to do, and the supervisor what the file declares and the engine was not
// told, provided that the container is still what the file describes.
func (l *loop) policy(w *ward) (restartpolicy.Policy, restartpolicy.Owner) {
	var p restartpolicy.Policy
	text, labelled := w.seen.Labels[project.LabelPolicy]
	if labelled && p.UnmarshalText([]byte(text)) == nil {
		owner, err := restartpolicy.ParseOwner(w.seen.Labels[project.LabelOwner])
		if err != nil {
			owner = p.Owner()
		}
		return p, owner
	}
	if p, err := restartpolicy.Parse(w.seen.RestartPolicy); err == nil && p.Restarts() {
		return p, restartpolicy.Engine
	}
	s := l.want.Service(w.service)
	if s != nil && s.Restart.Restarts() && w.seen.Labels[project.LabelConfigHash] == string(s.Hash) {
		return s.Restart, restartpolicy.Supervisor
	}
	return restartpolicy.Policy{Mode: restartpolicy.No}, restartpolicy.Engine
}

// options are the service's x-muster choices, over which labels of the same
// meaning win.
func (l *loop) options(w *ward) restartpolicy.Options {
	var x project.Extension
	if s := l.want.Service(w.service); s != nil {
		x = s.Muster
	}
	label := func(name, otherwise string) string {
		return cmp.Or(w.seen.Labels[project.LabelPrefix+name], otherwise)
	}
	opt, err := restartpolicy.ParseOptions(
		label("on_unhealthy", x.OnUnhealthy), label("crash_loop", x.CrashLoop), label("cascade", x.Cascade))
	if err != nil {
		opt, _ = restartpolicy.ParseOptions(x.OnUnhealthy, x.CrashLoop, x.Cascade)
	}
	return opt
}

// input gathers everything that a decision about the container depends on.
func (l *loop) input(w *ward) restartpolicy.Input {
	policy, owner := l.policy(w)
	in := restartpolicy.Input{
		Now: l.now(), Policy: policy, Owner: owner, Options: l.options(w),
		Engine: l.engineState, Container: l.container(w), Intent: w.edges.Intent(),
		Gapless: w.edges.Gapless(), Needs: l.needs(w),
		ProbesSuspended: l.breaker.Open(l.now()), Settle: l.breaker.Settle(l.checked()),
		History: w.history,
	}
	if !l.fresh(w) && in.Engine == restartpolicy.EngineUp {
		in.Engine = restartpolicy.EngineResync
	}
	return in
}

// fresh reports whether what was seen of the container can be relied on.
func (l *loop) fresh(w *ward) bool { return w.known && w.reading == l.reading }

// held reports whether restarts were taken away from the engine that owns them.
func (l *loop) held(w *ward) bool {
	policy, owner := l.policy(w)
	return owner == restartpolicy.Engine && policy.Restarts() && l.container(w).EngineMode == restartpolicy.No
}

// container is the inspection in the words of the policy.
func (l *loop) container(w *ward) restartpolicy.Container {
	c := w.seen
	mode, _ := restartpolicy.Parse(c.RestartPolicy)
	out := restartpolicy.Container{
		ID: c.ID, Status: restartpolicy.Status(c.State), StartedAt: c.StartedAt, StartError: c.Error,
		RestartCount: c.RestartCount, EngineMode: mode.Mode,
		Exempt: c.OneOff || c.AutoRemove || l.replaced(w) || !l.selected(w.service),
		Health: restartpolicy.Health{Status: string(c.Health), InStartPeriod: inStartPeriod(c)},
	}
	if !c.FinishedAt.IsZero() {
		out.Exit = restartpolicy.Exit{
			Code: c.ExitCode, At: c.FinishedAt, Ran: max(0, c.FinishedAt.Sub(c.StartedAt)),
			OOM: c.OOMKilled || w.edges.OOM(), Requested: w.edges.Requested(),
		}
	}
	for _, p := range c.HealthLog {
		out.Health.LastCodes = append(out.Health.LastCodes, p.ExitCode)
	}
	return out
}

// inStartPeriod compares the engine's timestamps only with one another: the last
// probe began within the start period.
func inStartPeriod(c engine.Inspection) bool {
	if c.HealthCheck == nil || len(c.HealthLog) == 0 {
		return false
	}
	last := c.HealthLog[len(c.HealthLog)-1]
	return last.Start.Before(c.StartedAt.Add(c.HealthCheck.StartPeriod))
}

func (l *loop) selected(service string) bool {
	return len(l.opt.Services) == 0 || slices.Contains(l.opt.Services, service)
}

// replaced reports whether another container of the same slot is the one that
// counts.
func (l *loop) replaced(w *ward) bool { return l.superseded[w.ref.ID] }

// findSuperseded are the IDs of the containers that are none of ours because a
// replacement is unfinished, which is for the next `up` to finish: the
// successor under its temporary name, and its predecessor unless the successor
// never ran.
func (l *loop) findSuperseded() map[string]bool {
	ids := map[string]bool{}
	for _, w := range l.wards {
		final, temporary := project.FinalName(w.seen.Name)
		if !w.known || !temporary {
			continue
		}
		ids[w.ref.ID] = true
		for _, other := range l.wards {
			if other.seen.Name == final && other.service == w.service && w.seen.State != engine.Created {
				ids[other.ref.ID] = true
			}
		}
	}
	return ids
}

const volumesFrom = "volumes_from" // shares no namespace, so a restart cuts nobody off

// needs are the dependencies of the container's service and how they stand.
func (l *loop) needs(w *ward) []restartpolicy.Need {
	s := l.want.Service(w.service)
	if s == nil {
		return nil
	}
	var needs []restartpolicy.Need
	for _, d := range s.DependsOn {
		n := restartpolicy.Need{Name: d.Service, Required: d.Required, Restart: d.Restart}
		n.SharesNamespace = slices.ContainsFunc(s.Namespaces, func(r project.NamespaceRef) bool {
			return r.Service == d.Service && r.Attribute != volumesFrom
		})
		if n.SharesNamespace {
			n.Satisfied, n.StartedAt = l.hosts(w, d.Service)
		} else {
			n.Satisfied, n.StartedAt = l.meets(d)
		}
		needs = append(needs, n)
	}
	if slices.ContainsFunc(s.DependsOn, func(d project.Dependency) bool { return l.restarts(d.Service) }) {
		for i := range needs { // follow once, when all that it follows has come to rest
			needs[i].StartedAt = time.Time{}
		}
	}
	return needs
}

// awaited are the containers that the container must not be started without, as
// they were seen.
func (l *loop) awaited(w *ward) []engine.Inspection {
	s := l.want.Service(w.service)
	if s == nil {
		return nil
	}
	var seen []engine.Inspection
	for _, other := range l.sorted() {
		required := slices.ContainsFunc(s.DependsOn, func(d project.Dependency) bool { return d.Required && d.Service == other.service })
		if required && other.known && !l.replaced(other) {
			seen = append(seen, other.seen)
		}
	}
	return seen
}

// restarts reports whether a container of the service is being restarted.
func (l *loop) restarts(service string) bool {
	for _, w := range l.wards {
		if w.service == service && w.restarting() {
			return true
		}
	}
	return false
}

// hosts reports whether the container of a service that w shares a namespace
// with runs, and since when: the one that w was made to join, or the service's
// first. One that is gone hosts nobody, and only an operation can mend that.
func (l *loop) hosts(w *ward, service string) (met bool, started time.Time) {
	joined, byID := strings.CutPrefix(w.seen.NetworkMode, "container:")
	var parent *ward
	for _, other := range l.wards {
		if other.service != service || l.replaced(other) || byID && other.ref.ID != joined {
			continue
		}
		if parent == nil || other.seen.Number < parent.seen.Number {
			parent = other
		}
	}
	if parent == nil || parent.restarting() || !l.fresh(parent) {
		return false, time.Time{}
	}
	c := parent.seen
	return c.State == engine.Running || c.State == engine.Paused, c.StartedAt
}

// restarting reports whether the supervisor restarts the container or is about to
// because of another one: what depends on it should be judged after that.
func (w *ward) restarting() bool {
	follows := w.decision.Reason == restartpolicy.ReasonNamespace || w.decision.Reason == restartpolicy.ReasonCascade
	return w.acting == restartpolicy.Restart || w.decision.Action == restartpolicy.Restart && follows
}

// meets reports whether every container of a dependency meets the condition, and
// when the last of them started. What has no containers stands in nobody's way;
// what is about to be inspected does.
func (l *loop) meets(d project.Dependency) (met bool, started time.Time) {
	met = true
	for _, w := range l.wards {
		if w.service != d.Service || l.replaced(w) {
			continue
		}
		c := w.seen
		met = met && l.fresh(w)
		running := (c.State == engine.Running || c.State == engine.Paused) && !w.restarting() && !l.preparing(w)
		switch d.Condition {
		case project.Started:
			met = met && running
		case project.Healthy: // a container that is not checked cannot say more than that it runs
			met = met && running && (c.Health == engine.HealthHealthy || c.Health == engine.HealthNone)
		case project.Completed:
			met = met && c.State == engine.Exited && c.ExitCode == 0
		}
		if c.StartedAt.After(started) {
			started = c.StartedAt
		}
	}
	return met, started
}

// checked counts the running containers with a health check.
func (l *loop) checked() int {
	n := 0
	for _, w := range l.wards {
		if w.known && w.seen.State == engine.Running && w.seen.Health != engine.HealthNone {
			n++
		}
	}
	return n
}

// sorted returns the wards by service level, then name: the order of everything
// that is done or told.
func (l *loop) sorted() []*ward {
	ws := make([]*ward, 0, len(l.wards))
	for _, w := range l.wards {
		ws = append(ws, w)
	}
	slices.SortFunc(ws, func(a, b *ward) int {
		return cmp.Or(cmp.Compare(l.levels[a.service], l.levels[b.service]), cmp.Compare(a.ref.Name, b.ref.Name), cmp.Compare(a.ref.ID, b.ref.ID))
	})
	return ws
}

func (l *loop) supervisions() []Supervision {
	var all []Supervision
	for _, w := range l.sorted() {
		if !w.known || !l.selected(w.service) {
			continue
		}
		policy, owner := l.policy(w)
		s := Supervision{
			Container: w.ref, Service: w.service, State: w.seen.State, Health: w.seen.Health,
			Owner: owner, Policy: policy, Decision: w.decision, Next: -1,
			Restarts: w.seen.RestartCount + w.history.Attempts(), CrashLoop: w.history.CrashLooping(l.now()),
		}
		if due(w.decision) {
			s.Next = w.decision.Wait(l.now())
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Supervision) int { return cmp.Compare(a.Container.Name, b.Container.Name) })
	return all
}

// due reports whether the decision asks for something to be done.
func due(d restartpolicy.Decision) bool {
	return d.Action != restartpolicy.Leave && d.Action != restartpolicy.GiveUp
}

// describe says what was seen of a container, for the audit.
func describe(c engine.Inspection) string {
	s := string(c.State)
	switch {
	case c.Error != "" && c.State != engine.Running:
		s += ", start failed: " + c.Error
	case c.State == engine.Exited || c.State == engine.Dead || c.State == engine.Restarting:
		s += fmt.Sprintf(" with code %d", c.ExitCode)
		if c.OOMKilled {
			s += ", out of memory"
		}
		if !c.FinishedAt.IsZero() && c.FinishedAt.After(c.StartedAt) {
			s += fmt.Sprintf(" after %v", c.FinishedAt.Sub(c.StartedAt).Round(time.Millisecond))
		}
	case c.Health != engine.HealthNone:
		s += ", " + string(c.Health)
	}
	return s
}

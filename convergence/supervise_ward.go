package convergence

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// ward is a container under supervision: what was seen of it last, what its
// events told, what was decided and what is being done.
type ward struct {
	ref     Ref
	service string

	seen    Inspection
	known   bool // seen is set
	epoch   int  // connection in which seen was read
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

	looping bool // a crash loop was alerted and has not ended
	bad     bool // something was alerted and it has not recovered
}

// Supervision is what the supervisor knows of a container and plans for it.
type Supervision struct {
	Container Ref
	Service   string
	State     State
	Health    Health
	Owner     restartpolicy.Owner
	Policy    restartpolicy.Policy
	Restarts  int // by the engine and the supervisor since the last deliberate start
	Decision  restartpolicy.Decision
	// Next is how long until the decision is carried out; negative if nothing is due.
	Next      time.Duration
	CrashLoop bool
}

// policy is the declared policy and owner: the container's own labels, else the
// service's, since a container made by another tool carries no labels of ours.
func (l *loop) policy(w *ward) (restartpolicy.Policy, restartpolicy.Owner) {
	var p restartpolicy.Policy
	s := l.want.Service(w.service)
	switch text, labelled := w.seen.Labels[project.LabelPolicy]; {
	case labelled && p.UnmarshalText([]byte(text)) == nil:
	case s != nil:
		p = s.Restart
	default:
		p, _ = restartpolicy.Parse(w.seen.RestartPolicy)
	}
	owner, err := restartpolicy.ParseOwner(w.seen.Labels[project.LabelOwner])
	if err != nil {
		owner = p.Owner()
	}
	return p, owner
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
	if w.epoch != l.epoch && in.Engine == restartpolicy.EngineUp {
		in.Engine = restartpolicy.EngineResync
	}
	return in
}

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
		Exempt: c.OneOff || c.AutoRemove || l.superseded(w) || !l.selected(w.service),
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
func inStartPeriod(c Inspection) bool {
	if c.HealthCheck == nil || len(c.HealthLog) == 0 {
		return false
	}
	last := c.HealthLog[len(c.HealthLog)-1]
	return last.Start.Before(c.StartedAt.Add(c.HealthCheck.StartPeriod))
}

func (l *loop) selected(service string) bool {
	return len(l.opt.Services) == 0 || slices.Contains(l.opt.Services, service)
}

// superseded reports whether another container of the same slot is the one that
// counts: an unfinished replacement is for the next `up` to finish.
func (l *loop) superseded(w *ward) bool {
	if _, temporary := project.FinalName(w.seen.Name); temporary {
		return true
	}
	for _, other := range l.wards {
		if other == w || !other.known || other.service != w.service || other.seen.Number != w.seen.Number || other.seen.OneOff {
			continue
		}
		if final, temporary := project.FinalName(other.seen.Name); temporary && final == w.seen.Name {
			return true
		}
	}
	return false
}

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
			return r.Service == d.Service && r.Attribute != "volumes_from"
		})
		n.Satisfied, n.StartedAt = l.meets(d, n.SharesNamespace)
		needs = append(needs, n)
	}
	return needs
}

// meets reports whether every container of a dependency meets the condition, and
// when the last of them started. A namespace needs a running container. What is
// not supervised here, or has no containers, stands in nobody's way.
func (l *loop) meets(d project.Dependency, namespace bool) (met bool, started time.Time) {
	met = true
	for _, w := range l.wards {
		if w.service != d.Service || !w.known || w.seen.OneOff || l.superseded(w) {
			continue
		}
		c := w.seen
		running := c.State == Running || c.State == Paused
		switch {
		case namespace, d.Condition == project.Started:
			met = met && running
		case d.Condition == project.Healthy:
			met = met && running && c.Health == HealthHealthy
		case d.Condition == project.Completed:
			met = met && c.State == Exited && c.ExitCode == 0
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
		if w.known && w.seen.State == Running && w.seen.Health != HealthNone {
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
		if !w.known || w.seen.OneOff || !l.selected(w.service) {
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
func describe(c Inspection) string {
	s := string(c.State)
	switch {
	case c.Error != "" && c.State != Running:
		s += ", start failed: " + c.Error
	case c.State == Exited || c.State == Dead || c.State == Restarting:
		s += fmt.Sprintf(" with code %d", c.ExitCode)
		if c.OOMKilled {
			s += ", out of memory"
		}
		if !c.FinishedAt.IsZero() && c.FinishedAt.After(c.StartedAt) {
			s += fmt.Sprintf(" after %v", c.FinishedAt.Sub(c.StartedAt).Round(time.Millisecond))
		}
	case c.Health != HealthNone:
		s += ", " + string(c.Health)
	}
	return s
}

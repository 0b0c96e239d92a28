package supervise

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// roster is what is known of the containers under supervision, and what they are
// to be. It answers questions, and asks nobody.
type roster struct {
	services   []string // that are supervised; empty is all of them
	want       *project.Project
	levels     map[string]int   // depth of services in the dependency graph
	wards      map[string]*ward // by container ID
	superseded map[string]bool  // IDs of containers that another one of their slot replaces
	reading    int              // counts the occasions since which everything has to be inspected anew
}

const volumesFrom = "volumes_from" // shares no namespace, so a restart cuts nobody off

// sorted returns the wards by service level, then name: the order of everything
// that is done or told.
func (r *roster) sorted() []*ward {
	ws := make([]*ward, 0, len(r.wards))
	for _, w := range r.wards {
		ws = append(ws, w)
	}
	slices.SortFunc(ws, func(a, b *ward) int {
		return cmp.Or(cmp.Compare(r.levels[a.service], r.levels[b.service]), cmp.Compare(a.ref.Name, b.ref.Name), cmp.Compare(a.ref.ID, b.ref.ID))
	})
	return ws
}

func (r *roster) selected(service string) bool {
	return len(r.services) == 0 || slices.Contains(r.services, service)
}

// policy is the declared policy and its owner, as the container's labels have
// them. What another tool made carries none: then the engine owns what it was
// told to do, and the supervisor what the file declares and the engine was not
// told, provided that the container is still what the file describes.
func (r *roster) policy(w *ward) (restartpolicy.Policy, restartpolicy.Owner) {
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
	s := r.want.Service(w.service)
	if s != nil && s.Restart.Restarts() && w.seen.Labels[project.LabelConfigHash] == string(s.Hash) {
		return s.Restart, restartpolicy.Supervisor
	}
	return restartpolicy.Policy{Mode: restartpolicy.No}, restartpolicy.Engine
}

// options are the service's x-muster choices, over which labels of the same
// meaning win.
func (r *roster) options(w *ward) restartpolicy.Options {
	var x project.Extension
	if s := r.want.Service(w.service); s != nil {
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

// fresh reports whether what was seen of the container can be relied on.
func (r *roster) fresh(w *ward) bool { return w.known && w.reading == r.reading }

// braked reports whether restarts were taken away from the engine that owns them.
func (r *roster) braked(w *ward) bool {
	policy, owner := r.policy(w)
	return owner == restartpolicy.Engine && policy.Restarts() && r.container(w).EngineMode == restartpolicy.No
}

// container is the inspection in the words of the policy.
func (r *roster) container(w *ward) restartpolicy.Subject {
	c := w.seen
	mode, _ := restartpolicy.Parse(c.RestartPolicy)
	out := restartpolicy.Subject{
		ID: c.ID, State: restartpolicy.RunState(c.State), StartedAt: c.StartedAt, StartError: c.Error,
		RestartCount: c.RestartCount, EngineMode: mode.Mode,
		Exempt: c.OneOff || c.AutoRemove || r.replaced(w) || !r.selected(w.service),
		Health: restartpolicy.HealthReport{Verdict: string(c.Health), InStartPeriod: inStartPeriod(c)},
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

// replaced reports whether another container of the same slot is the one that
// counts.
func (r *roster) replaced(w *ward) bool { return r.superseded[w.ref.ID] }

// findSuperseded are the IDs of the containers that are none of ours because a
// replacement is unfinished, which is for the next `up` to finish: the
// successor under its temporary name, and its predecessor unless the successor
// never ran.
func (r *roster) findSuperseded() map[string]bool {
	ids := map[string]bool{}
	for _, w := range r.wards {
		final, temporary := project.FinalName(w.seen.Name)
		if !w.known || !temporary {
			continue
		}
		ids[w.ref.ID] = true
		for _, other := range r.wards {
			if other.seen.Name == final && other.service == w.service && w.seen.State != engine.Created {
				ids[other.ref.ID] = true
			}
		}
	}
	return ids
}

// needs are the dependencies of the container's service and how they stand.
func (r *roster) needs(w *ward) []restartpolicy.Need {
	s := r.want.Service(w.service)
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
			n.Satisfied, n.StartedAt = r.hosts(w, d.Service)
		} else {
			n.Satisfied, n.StartedAt = r.meets(d)
		}
		needs = append(needs, n)
	}
	if slices.ContainsFunc(s.DependsOn, func(d project.Dependency) bool { return r.restarts(d.Service) }) {
		for i := range needs { // follow once, when all that it follows has come to rest
			needs[i].StartedAt = time.Time{}
		}
	}
	return needs
}

// awaited are the containers that the container must not be started without, as
// they were seen.
func (r *roster) awaited(w *ward) []engine.Inspection {
	s := r.want.Service(w.service)
	if s == nil {
		return nil
	}
	var seen []engine.Inspection
	for _, other := range r.sorted() {
		required := slices.ContainsFunc(s.DependsOn, func(d project.Dependency) bool { return d.Required && d.Service == other.service })
		if required && other.known && !r.replaced(other) {
			seen = append(seen, other.seen)
		}
	}
	return seen
}

// restarts reports whether a container of the service is being restarted.
func (r *roster) restarts(service string) bool {
	for _, w := range r.wards {
		if w.service == service && w.restarting() {
			return true
		}
	}
	return false
}

// hosts reports whether the container of a service that w shares a namespace
// with runs, and since when: the one that w was made to join, or the service's
// first. One that is gone hosts nobody, and only an operation can mend that.
func (r *roster) hosts(w *ward, service string) (met bool, started time.Time) {
	joined, byID := strings.CutPrefix(w.seen.NetworkMode, "container:")
	var parent *ward
	for _, other := range r.wards {
		if other.service != service || r.replaced(other) || byID && other.ref.ID != joined {
			continue
		}
		if parent == nil || other.seen.Number < parent.seen.Number {
			parent = other
		}
	}
	if parent == nil || parent.restarting() || !r.fresh(parent) {
		return false, time.Time{}
	}
	c := parent.seen
	return c.State == engine.Running || c.State == engine.Paused, c.StartedAt
}

// meets reports whether every container of a dependency meets the condition, and
// when the last of them started. What has no containers stands in nobody's way;
// what is about to be inspected does.
func (r *roster) meets(d project.Dependency) (met bool, started time.Time) {
	met = true
	for _, w := range r.wards {
		if w.service != d.Service || r.replaced(w) {
			continue
		}
		c := w.seen
		met = met && r.fresh(w)
		running := (c.State == engine.Running || c.State == engine.Paused) && !w.restarting() && !r.preparing(w)
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
func (r *roster) checked() int {
	n := 0
	for _, w := range r.wards {
		if w.known && w.seen.State == engine.Running && w.seen.Health != engine.HealthNone {
			n++
		}
	}
	return n
}

// preparing reports whether post_start hooks of the container may still run:
// what depends on it starts after them.
func (r *roster) preparing(w *ward) bool {
	s := r.want.Service(w.service)
	return w.acting == restartpolicy.Start && s != nil && len(s.PostStart) > 0
}

// isParent reports whether others live in the container's namespaces, so that a
// restart of it that no event told of would leave them cut off.
func (r *roster) isParent(w *ward) bool {
	return slices.ContainsFunc(r.want.Services, func(s *project.Service) bool {
		return slices.ContainsFunc(s.Namespaces, func(r project.NamespaceRef) bool { return r.Service == w.service && r.Attribute != volumesFrom })
	})
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

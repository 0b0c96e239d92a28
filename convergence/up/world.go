package up

import (
	"fmt"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// world is what planners see: what is declared, what was found, and which of the
// one belongs to the other. Planning goes in three steps. The survey puts the
// world together, decide gives everything in it a fate, emit turns fates into the
// steps of a plan.
type world struct {
	name     string
	want     *project.Project // nil without files
	have     engine.Observed
	replicas map[string][]*engine.Container // by service: its containers that are no one-offs
	notes    plan.Notes
}

// survey begins to look at what is there. Strangers are told of and not seen.
func survey(want *project.Project, have engine.Observed) *world {
	have, strangers := have.Sorted().IgnoreStrangers(want)
	w := &world{name: have.Project, want: want, have: have, replicas: map[string][]*engine.Container{}}
	if want != nil {
		w.name = want.Name
	}
	if len(strangers) > 0 {
		w.notes.Warn("%s", engine.StrangersWarning(strangers))
	}
	for i := range have.Containers {
		if c := &have.Containers[i]; engine.Managed(*c) && !c.OneOff {
			w.replicas[c.Service] = append(w.replicas[c.Service], c)
		}
	}
	return w
}

// service is a service and the places that its containers have or are to have.
type service struct {
	*project.Service // of one that no file declares, what labels tell
	declared         bool
	slots            []*slot

	// These are decided.
	surplus  []*slot               // whose containers are too many, in the order in which they go
	follower bool                  // it is not converged, only affected
	replaced string                // why the container that others join gets another ID; empty if it stays
	refs     map[string]engine.Ref // containers that it joins, by service
	ids      map[string]string     // their IDs, as far as they are observed
}

// undeclared is a service of which no more than the name is known.
func undeclared(name string) *service {
	return &service{Service: &project.Service{Name: name}}
}

// slot is the place of one container: a replica of a service as it is and as it
// will be, or, where a command works on what is there, any container.
type slot struct {
	svc    *service
	number int
	of     string            // "web-1": names its steps
	name   string            // final name of the container
	old    *engine.Container // nil if there is none yet
	rivals []*slot           // what an interrupted run left in the same place
	misfit string            // the temporary name that an interrupted run left the container with

	// These are decided.
	fate.Verdict
	early   bool                     // its stop does not wait for dependencies to be ready
	apart   bool                     // its stop does not wait for the creation of the successor
	awaits  []*slot                  // whose containers have to stop before its own can start
	inherit []engine.InheritedVolume // anonymous volumes that its next container mounts again

	steps // are emitted
}

// runs reports whether the slot's container runs now.
func (s *slot) runs() bool { return s.old != nil && engine.Alive(*s.old) }

// stops reports whether the container that is there is stopped.
func (s *slot) stops() bool {
	return s.runs() && (s.Fate == fate.Bounce || s.Fate == fate.Stop || s.Fate == fate.Remove || s.Fate.Replaces())
}

// begins reports whether processes begin to run in the slot.
func (s *slot) begins() bool { return s.Starts || s.Fate == fate.Unpause || s.Fate == fate.Restart }

// ref addresses the container as it will be once everything is done.
func (s *slot) ref() engine.Ref {
	if s.Fate.Replaces() || s.old == nil {
		return engine.Ref{Name: s.name}
	}
	return s.old.Ref
}

// slotFor is the slot of a container that a command works on as it is.
func slotFor(sv *service, of string, c *engine.Container) *slot {
	return &slot{svc: sv, number: c.Number, of: of, name: c.Name, old: c}
}

// stepName names the steps of a container: by service and number, or for one-offs
// and hooks by what is special about the name.
func stepName(projectName string, c engine.Container) string {
	if c.OneOff || c.Number == 0 || !engine.Managed(c) {
		name := strings.TrimPrefix(c.Name, projectName+"-")
		return strings.TrimPrefix(name, projectName+"_")
	}
	name := fmt.Sprintf("%s-%d", c.Service, c.Number)
	if _, temporary := project.FinalName(c.Name); temporary {
		name += ".new"
	}
	return name
}

// isStopping reports whether an earlier command stops the container.
func (w *world) isStopping(c engine.Container) bool {
	_, stopping := w.have.IsStopping(c)
	return stopping
}

// firstByName is the slot whose container others join; nil if there is none.
func firstByName(slots []*slot) *slot {
	var first *slot
	for _, sl := range slots {
		if first == nil || sl.name < first.name {
			first = sl
		}
	}
	return first
}

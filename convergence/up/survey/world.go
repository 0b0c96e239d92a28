// Package survey puts together what planners see: what is declared, what was
// found, and which of the one belongs to the other.
package survey

import (
	"fmt"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// World is what planners see: what is declared, what was found, and which of the
// one belongs to the other. Planning goes in three steps. The survey puts the
// World together, decide gives everything in it a fate, emit turns fates into the
// steps of a plan.
type World struct {
	Name     string
	Want     *project.Project // nil without files
	Have     engine.Observed
	Replicas map[string][]*engine.Container // by service: its containers that are no one-offs
	Notes    plan.Notes
}

// New begins to look at what is there. Strangers are told of and not seen.
func New(want *project.Project, have engine.Observed) *World {
	have, strangers := have.Sorted().IgnoreStrangers(want)
	w := &World{Name: have.Project, Want: want, Have: have, Replicas: make(map[string][]*engine.Container, len(have.Containers))}
	if want != nil {
		w.Name = want.Name
	}
	if len(strangers) > 0 {
		w.Notes.Warn("%s", engine.StrangersWarning(strangers))
	}
	for i := range have.Containers {
		if c := &have.Containers[i]; engine.Managed(*c) && !c.OneOff {
			w.Replicas[c.Service] = append(w.Replicas[c.Service], c)
		}
	}
	return w
}

// Service is a service and the places that its containers have or are to have.
type Service struct {
	*project.Service // of one that no file declares, what labels tell
	Declared         bool
	Slots            []*Slot

	// These are decided.
	Surplus  []*Slot               // whose containers are too many, in the order in which they go
	Follower bool                  // it is not converged, only affected
	Replaced string                // why the container that others join gets another ID; empty if it stays
	Refs     map[string]engine.Ref // containers that it joins, by service
	IDs      map[string]string     // their IDs, as far as they are observed
}

// Undeclared is a service of which no more than the name is known.
func Undeclared(name string) *Service {
	return &Service{Service: &project.Service{Name: name}}
}

// Slot is the place of one container: a replica of a service as it is and as it
// will be, or, where a command works on what is there, any container.
type Slot struct {
	Svc           *Service
	Number        int
	Of            string            // "web-1": names its steps
	Name          string            // final name of the container
	Old           *engine.Container // nil if there is none yet
	Duplicates    []*Slot           // what an interrupted run left in the same place
	TemporaryName string            // the temporary name that an interrupted run left the container with

	// These are decided.
	fate.Verdict
	Early   bool                     // its stop does not wait for dependencies to be ready
	Apart   bool                     // its stop does not wait for the creation of the successor
	Awaits  []*Slot                  // whose containers have to stop before its own can start
	Inherit []engine.InheritedVolume // anonymous volumes that its next container mounts again

	Steps // are emitted
}

// Runs reports whether the slot's container runs now.
func (s *Slot) Runs() bool { return s.Old != nil && s.Old.Up() }

// Stops reports whether the container that is there is stopped.
func (s *Slot) Stops() bool {
	return s.Runs() && (s.Fate == fate.Bounce || s.Fate == fate.Stop || s.Fate == fate.Remove || s.Fate.Replaces())
}

// Begins reports whether processes begin to run in the slot.
func (s *Slot) Begins() bool { return s.Starts || s.Fate == fate.Unpause || s.Fate == fate.Restart }

// Ref addresses the container as it will be once everything is done.
func (s *Slot) Ref() engine.Ref {
	if s.Fate.Replaces() || s.Old == nil {
		return engine.Ref{Name: s.Name}
	}
	return s.Old.Ref
}

// SlotFor is the slot of a container that a command works on as it is.
func SlotFor(sv *Service, of string, c *engine.Container) *Slot {
	return &Slot{Svc: sv, Number: c.Number, Of: of, Name: c.Name, Old: c}
}

// StepName names the steps of a container: by service and number, or for one-offs
// and hooks by what is special about the name.
func StepName(projectName string, c engine.Container) string {
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

// IsStopping reports whether an earlier command stops the container.
func (w *World) IsStopping(c engine.Container) bool {
	_, stopping := w.Have.IsStopping(c)
	return stopping
}

// FirstByName is the slot whose container others join; nil if there is none.
func FirstByName(slots []*Slot) *Slot {
	var first *Slot
	for _, sl := range slots {
		if first == nil || sl.Name < first.Name {
			first = sl
		}
	}
	return first
}

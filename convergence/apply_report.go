package convergence

import (
	"strings"
	"sync"
	"time"
)

// reporter words the progress of a plan as Docker Compose does. It calls its
// receiver one event at a time.
type reporter struct {
	mu      sync.Mutex
	to      func(Progress)
	objects map[StepID]string
	spans   map[StepID]*span
	waits   map[[2]string]bool // words of waits, by object, that were said
	ending  bool               // the plan ends everything: its steps need no reason each
}

// span are the steps that replace a container: people see them as one.
type span struct {
	steps []StepID
	begun bool
	left  int
}

func newReporter(p Plan, to func(Progress)) *reporter {
	if to == nil {
		to = func(Progress) {}
	}
	r := &reporter{to: to, objects: p.Objects(), spans: map[StepID]*span{}, waits: map[[2]string]bool{}, ending: p.KeepGoing}
	byObject := map[string]*span{}
	for _, s := range p.Steps {
		if c, ok := s.Action.(CreateContainer); ok && c.Replaces.Name != "" {
			byObject[c.Object()] = &span{}
		}
	}
	for _, s := range p.Steps {
		sp := byObject[r.objects[s.ID]]
		if sp == nil || !replaces(s.Action) {
			continue
		}
		sp.steps = append(sp.steps, s.ID)
		sp.left++
		r.spans[s.ID] = sp
	}
	return r
}

// replaces reports whether the action is a part of replacing a container.
func replaces(a Action) bool {
	switch a.(type) {
	case CreateContainer, StopContainer, RemoveContainer, RenameContainer:
		return true
	}
	return false
}

// words are what is said before and after an action; an empty word is not said.
func words(a Action) (before, after string) {
	switch a := a.(type) {
	case PullImage:
		return "Pulling", "Pulled"
	case BuildImage:
		if a.Spec.Check {
			return "Checking", "Checked"
		}
		return "Building", "Built"
	case CreateNetwork, CreateVolume, CreateContainer:
		return "Creating", "Created"
	case RemoveNetwork, RemoveVolume, RemoveContainer, RemoveImage:
		return "Removing", "Removed"
	case StartContainer:
		return "Starting", "Started"
	case RunPreStart:
		return "Running", "Exited"
	case PrepareModel:
		return "Configuring", "Configured"
	case RunProvider:
		switch a.Verb {
		case "down":
			return "Removing", "Removed"
		case "stop":
			return "Stopping", "Stopped"
		}
		return "Creating", "Created"
	case StopContainer:
		return "Stopping", "Stopped"
	case RestartContainer:
		return "Restarting", "Started"
	case KillContainer:
		return "Killing", "Killed"
	case PauseContainer:
		return "", "Paused"
	case UnpauseContainer:
		return "", "Unpaused"
	}
	return "", "" // connections, names, files and commands in containers are no news
}

// tell passes an event on.
func (r *reporter) tell(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.say(p)
}

// tellWait passes an event of a wait on. Several waits may be for one container:
// what was said already is not said again.
func (r *reporter) tellWait(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := [2]string{p.ID, p.Text}
	if r.waits[key] {
		p.Text = ""
	}
	r.waits[key] = true
	if p.Text != "" || p.Phase != Working {
		r.say(p)
	}
}

func (r *reporter) say(p Progress) {
	p.At = time.Now()
	r.to(p)
}

func (r *reporter) event(s Step, phase Phase, text string) Progress {
	return Progress{Step: s.ID, ID: r.objects[s.ID], Service: serviceOf(s.Action), Phase: phase, Text: text}
}

func (r *reporter) begin(s Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, _ := words(s.Action)
	if sp := r.spans[s.ID]; sp != nil {
		if sp.begun {
			return
		}
		sp.begun = true
		before = "Recreate"
	}
	if before != "" {
		p := r.event(s, Working, before)
		if !r.ending && ends(s.Action, before) && !strings.HasPrefix(s.Reason, asked) {
			p.Details = s.Reason
		}
		r.say(p)
	}
}

// ends reports whether something that exists comes to an end by the action.
func ends(a Action, word string) bool {
	switch a.(type) {
	case StopContainer, RemoveContainer, RemoveNetwork, RemoveVolume:
		return true
	}
	return word == "Recreate"
}

// done ends a step. One without words ends without text, so that whoever counts
// steps can count it.
func (r *reporter) done(s Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, after := words(s.Action)
	if sp := r.spans[s.ID]; sp != nil {
		if sp.left--; sp.left > 0 {
			return
		}
		for _, id := range sp.steps {
			if id != s.ID {
				r.say(Progress{Step: id, ID: r.objects[id], Service: serviceOf(s.Action), Phase: Done})
			}
		}
		after = "Recreated"
	}
	if a, wait := s.Action.(Await); wait && len(a.Targets) == 1 {
		return // said by the wait itself
	}
	r.say(r.event(s, Done, after))
}

// restored reports what was put back after the step failed.
func (r *reporter) restored(s Step, a Action, phase Phase, text string) {
	if _, shown := a.(StartContainer); !shown {
		return
	}
	p := r.event(s, phase, text)
	p.ID = a.Object()
	r.tell(p)
}

func (r *reporter) failed(s Step, err *StepError, interrupted bool) {
	p := r.event(s, Failed, "Error")
	p.Details, p.Err = err.reason(), err
	switch s.Action.(type) {
	case StopContainer:
		p.Text = "Error while Stopping"
	case RemoveContainer:
		p.Text = "Error while Removing"
	}
	if interrupted {
		p.Phase, p.Text, p.Details = Warning, "Interrupted", ""
	}
	if err.Failure != nil {
		p.ID = containerObject(err.Failure.Container)
	}
	r.tell(p)
}

func (r *reporter) skipped(s Step, because string) {
	p := r.event(s, Skipped, "Skipped")
	p.Details = "because " + because
	r.tell(p)
}

// serviceOf is the service that an action works for, if it tells.
func serviceOf(a Action) string {
	switch a := a.(type) {
	case CreateContainer:
		return a.Spec.Service.Name
	case StartContainer:
		return a.Service
	case RunHook:
		return a.Service
	case RunProvider:
		return a.Service.Name
	case RunPreStart:
		return a.Spec.Service.Name
	case Await:
		return a.Service
	case BuildImage:
		return a.Spec.Service.Name
	case ConnectNetwork:
		return a.Endpoint.Service.Name
	}
	return ""
}

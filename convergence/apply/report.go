package apply

import (
	"cmp"
	"strings"
	"sync"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// reporter words the progress of a plan as Docker Compose does. It calls its
// receiver one event at a time.
type reporter struct {
	mu      sync.Mutex
	to      func(engine.Progress)
	objects map[plan.StepID]string
	spans   map[plan.StepID]*span
	waits   map[[2]string]bool // words of waits, by object, that were said
	ending  bool               // the plan ends everything: its steps need no reason each
	broken  map[string]bool    // objects of which a failure was told
}

// span are the steps that replace a container: people see them as one.
type span struct {
	steps []plan.StepID
	begun bool
	left  int
}

func newReporter(p plan.Plan, to func(engine.Progress)) *reporter {
	if to == nil {
		to = func(engine.Progress) {}
	}
	r := &reporter{to: to, objects: p.Objects(), spans: map[plan.StepID]*span{}, waits: map[[2]string]bool{}, broken: map[string]bool{}, ending: p.KeepGoing}
	byObject := map[string]*span{}
	for _, s := range p.Steps {
		if about := s.Action.About(); about.Predecessor.Name != "" {
			byObject[about.Object] = &span{}
		}
	}
	for _, s := range p.Steps {
		sp := byObject[r.objects[s.ID]]
		if sp == nil || !s.Action.About().Replaces {
			continue
		}
		sp.steps = append(sp.steps, s.ID)
		sp.left++
		r.spans[s.ID] = sp
	}
	return r
}

// tell passes an event on.
func (r *reporter) tell(p engine.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.say(p)
}

// tellWait passes an event of a wait on. Several waits may be for one container:
// what was said already is not said again.
func (r *reporter) tellWait(p engine.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := [2]string{p.ID, p.Text}
	if r.waits[key] {
		p.Text = ""
	}
	r.waits[key] = true
	if p.Text != "" || p.Phase != engine.Working {
		r.say(p)
	}
}

func (r *reporter) say(p engine.Progress) {
	p.At = time.Now()
	r.to(p)
}

func (r *reporter) event(s plan.Step, phase engine.Phase, text string) engine.Progress {
	return engine.Progress{Step: string(s.ID), ID: r.objects[s.ID], Service: s.Action.About().Service, Phase: phase, Text: text}
}

func (r *reporter) begin(s plan.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	about := s.Action.About()
	before := about.Words[0]
	if sp := r.spans[s.ID]; sp != nil {
		if sp.begun {
			return
		}
		sp.begun = true
		before = "Recreate"
	}
	if before != "" {
		p := r.event(s, engine.Working, before)
		about := s.Action.About()
		if about.Explains || !r.ending && (about.Ends || before == "Recreate") && !strings.HasPrefix(s.Reason, plan.Requested) {
			p.Details = s.Reason
		}
		r.say(p)
	}
}

// done ends a step. One without words ends without text, so that whoever counts
// steps can count it.
func (r *reporter) done(s plan.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	about := s.Action.About()
	after := about.Words[1]
	if sp := r.spans[s.ID]; sp != nil {
		if sp.left--; sp.left > 0 {
			return
		}
		for _, id := range sp.steps {
			if id != s.ID {
				r.say(engine.Progress{Step: string(id), ID: r.objects[id], Service: s.Action.About().Service, Phase: engine.Done})
			}
		}
		after = "Recreated"
	}
	if about.Tells {
		return // said by the wait itself
	}
	r.say(r.event(s, engine.Done, after))
}

// restored reports what was put back after the step failed.
func (r *reporter) restored(s plan.Step, a plan.Action, phase engine.Phase, text string) {
	about := a.About()
	if !about.Starts {
		return
	}
	p := r.event(s, phase, text)
	p.ID = about.Object
	r.tell(p)
}

// Interrupted is the text of a step that a cancellation cut short.
const Interrupted = "Interrupted"

func (r *reporter) failed(s plan.Step, err *StepError, interrupted bool) {
	p := r.event(s, engine.Failed, "Error")
	p.Details, p.Err = err.reason(), err
	p.Text = cmp.Or(s.Action.About().Failed, p.Text)
	if interrupted {
		p.Phase, p.Text, p.Details = engine.Warning, Interrupted, ""
	}
	r.mu.Lock()
	r.broken[p.ID] = true
	r.mu.Unlock()
	if err.Failure != nil {
		p.ID = plan.ContainerObject(err.Failure.Container)
	}
	r.tell(p)
}

// skipped reports a step that did not run. Of an object that failed itself that
// is no news: the reason stays what is read last.
func (r *reporter) skipped(s plan.Step, because string) {
	p := r.event(s, engine.Skipped, "Skipped")
	p.Details = "because " + because
	if r.broken[p.ID] {
		return
	}
	r.tell(p)
}

package foreground

import (
	"context"
	"os"
	"slices"
)

// actor is something that goes on beside others. It ends when it is done, or
// soon after it was interrupted.
type actor struct {
	name      string
	interrupt func(why error)
	done      chan struct{} // closed at its end
	err       error         // then
}

// ended is closed when it has ended; nil if there is none.
func (a *actor) ended() <-chan struct{} {
	if a == nil {
		return nil
	}
	return a.done
}

// group is the actors that end together. Unlike oklog/run's, from which the
// contract is, actors may join while others work, and which of them ends the
// others by its own end is for the owner to say.
type group struct{ actors []*actor }

// add starts an actor: execute works, and interrupt makes it return soon. What
// interrupt is called for, and how often, is no matter.
func (g *group) add(a *actor, execute func() error) *actor {
	g.actors = slices.DeleteFunc(g.actors, func(a *actor) bool {
		select {
		case <-a.done:
			return true
		default:
			return false
		}
	})
	g.actors = append(g.actors, a)
	a.done = make(chan struct{})
	go func() {
		defer close(a.done)
		a.err = execute()
	}()
	return a
}

// start adds an actor that works until the context that it is given ends.
func (g *group) start(ctx context.Context, name string, execute func(context.Context) error) *actor {
	ctx, cancel := context.WithCancelCause(ctx)
	return g.add(&actor{name: name, interrupt: cancel}, func() error { return execute(ctx) })
}

// interrupt tells all to end.
func (g *group) interrupt(why error) {
	for _, a := range g.actors {
		a.interrupt(why)
	}
}

// ends are closed when those who joined until now have ended.
func (g *group) ends() []<-chan struct{} {
	var ends []<-chan struct{}
	for _, a := range g.actors {
		ends = append(ends, a.done)
	}
	return ends
}

// wait waits for the end of all, unless somebody does not want to.
func (g *group) wait(impatient <-chan os.Signal) {
	for _, end := range g.ends() {
		select {
		case <-end:
		case <-impatient:
			return
		}
	}
}

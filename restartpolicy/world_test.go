package restartpolicy_test

import (
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// epoch is when the engine of the tests started its first container, by its clock.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is the engine's time n seconds after epoch.
func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

// world is an input under construction: a container of the engine's, policy
// always, that a gapless supervisor first saw running at second 0.
type world struct {
	in  restartpolicy.Input
	got restartpolicy.Decision
}

func newWorld(policy string) *world {
	w := &world{}
	if err := w.in.Policy.UnmarshalText([]byte(policy)); err != nil {
		panic(err)
	}
	w.in.Owner = w.in.Policy.Owner()
	name, _ := w.in.Policy.Engine()
	w.in.Container = restartpolicy.Subject{
		ID: "c1", State: restartpolicy.Running, StartedAt: at(0), EngineMode: restartpolicy.Mode(name),
	}
	w.in.Gapless = true
	w.decide(0)
	return w
}

// decide asks for a decision at the given second and keeps its history.
func (w *world) decide(second float64) restartpolicy.Decision {
	w.in.Now = time.Duration(second * float64(time.Second))
	w.got, w.in.History = restartpolicy.Decide(w.in)
	return w.got
}

// exit ends the run at the given second and decides.
func (w *world) exit(second float64, code int) restartpolicy.Decision {
	w.in.Container.State = restartpolicy.Exited
	w.in.Container.Exit = restartpolicy.Exit{Code: code, At: at(second), Ran: at(second).Sub(w.in.Container.StartedAt)}
	return w.decide(second)
}

// start begins a run at the given second and decides.
func (w *world) start(second float64) restartpolicy.Decision {
	w.in.Container.State = restartpolicy.Running
	w.in.Container.StartedAt = at(second)
	w.in.Container.StartError = ""
	return w.decide(second)
}

// startFails makes the start that was decided fail and decides.
func (w *world) startFails(second float64, text string) restartpolicy.Decision {
	w.in.Container.StartError = text
	w.in.History = w.in.History.StartFailed()
	return w.decide(second)
}

// rounded shortens the deadline of a start or restart to milliseconds.
func rounded(d restartpolicy.Decision) string {
	if d.Action != restartpolicy.Leave {
		d.At = d.At.Truncate(time.Millisecond)
	}
	return d.String()
}

// sick makes the container unhealthy with restarts asked for, and decides.
func (w *world) sick(second float64) {
	w.in.Options.OnUnhealthy = restartpolicy.RestartUnhealthy
	w.in.Container.Health.Verdict = "unhealthy"
	w.decide(second)
}

// engineLoop lets the engine restart the container n times, 10 ms apart, and leaves
// it waiting for the next time.
func (w *world) engineLoop(n int) {
	for i := range n {
		w.in.Container.RestartCount = i + 1
		w.in.Container.State = restartpolicy.Restarting
		w.in.Container.Exit = restartpolicy.Exit{Code: 1, At: at(float64(i+1) / 100)}
		w.decide(float64(i+1) / 100)
		if i < n-1 {
			w.start(float64(i+1)/100 + 0.005)
		}
	}
}

// crash exits at seconds 0.5, 1, 1.5 …, n+1 times, and is started in between.
func (w *world) crash(n int) {
	for i := range n + 1 {
		if i > 0 {
			w.start(float64(i)/2 + 0.25)
		}
		w.exit(float64(i+1)/2, 1)
	}
}

func (w *world) exitRequested(second float64) {
	w.in.Container.State = restartpolicy.Exited
	w.in.Container.Exit = restartpolicy.Exit{Code: 137, At: at(second), Requested: true}
	w.decide(second)
}

func (w *world) exitOOM(second float64) {
	w.in.Container.State = restartpolicy.Exited
	w.in.Container.Exit = restartpolicy.Exit{Code: 137, At: at(second), OOM: true}
	w.decide(second)
}

package restartpolicy_test

import (
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// epoch is when the engine of the tests started its first container, by its clock.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is the engine's time n seconds after epoch.
func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

// scenario is an input under construction: a container of the engine's, policy
// always, that a gapless supervisor first saw running at second 0.
type scenario struct {
	in  restartpolicy.Input
	got restartpolicy.Decision
}

func newScenario(policy string) *scenario {
	s := &scenario{}
	if err := s.in.Policy.UnmarshalText([]byte(policy)); err != nil {
		panic(err)
	}
	s.in.Owner = s.in.Policy.Owner()
	name, _ := s.in.Policy.Engine()
	s.in.Container = restartpolicy.Subject{
		ID: "c1", State: restartpolicy.Running, StartedAt: at(0), EngineMode: restartpolicy.Mode(name),
	}
	s.in.Gapless = true
	s.decide(0)
	return s
}

// decide asks for a decision at the given second and keeps its history.
func (s *scenario) decide(second float64) restartpolicy.Decision {
	s.in.Now = time.Duration(second * float64(time.Second))
	s.got, s.in.History = restartpolicy.Decide(s.in)
	return s.got
}

// exit ends the run at the given second and decides.
func (s *scenario) exit(second float64, code int) restartpolicy.Decision {
	s.in.Container.State = restartpolicy.Exited
	s.in.Container.Exit = restartpolicy.Exit{Code: code, At: at(second), Ran: at(second).Sub(s.in.Container.StartedAt)}
	return s.decide(second)
}

// start begins a run at the given second and decides.
func (s *scenario) start(second float64) restartpolicy.Decision {
	s.in.Container.State = restartpolicy.Running
	s.in.Container.StartedAt = at(second)
	s.in.Container.StartError = ""
	return s.decide(second)
}

// startFails makes the start that was decided fail and decides.
func (s *scenario) startFails(second float64, text string) restartpolicy.Decision {
	s.in.Container.StartError = text
	s.in.History = s.in.History.StartFailed()
	return s.decide(second)
}

// rounded shortens the deadline of a start or restart to milliseconds.
func rounded(d restartpolicy.Decision) string {
	if d.Action != restartpolicy.Leave {
		d.At = d.At.Truncate(time.Millisecond)
	}
	return d.String()
}

// sick makes the container unhealthy with restarts asked for, and decides.
func (s *scenario) sick(second float64) {
	s.in.Options.OnUnhealthy = restartpolicy.RestartUnhealthy
	s.in.Container.Health.Verdict = "unhealthy"
	s.decide(second)
}

// engineLoop lets the engine restart the container n times, 10 ms apart, and leaves
// it waiting for the next time.
func (s *scenario) engineLoop(n int) {
	for i := range n {
		s.in.Container.RestartCount = i + 1
		s.in.Container.State = restartpolicy.Restarting
		s.in.Container.Exit = restartpolicy.Exit{Code: 1, At: at(float64(i+1) / 100)}
		s.decide(float64(i+1) / 100)
		if i < n-1 {
			s.start(float64(i+1)/100 + 0.005)
		}
	}
}

// crash exits at seconds 0.5, 1, 1.5 …, n+1 times, and is started in between.
func (s *scenario) crash(n int) {
	for i := range n + 1 {
		if i > 0 {
			s.start(float64(i)/2 + 0.25)
		}
		s.exit(float64(i+1)/2, 1)
	}
}

func (s *scenario) exitRequested(second float64) {
	s.in.Container.State = restartpolicy.Exited
	s.in.Container.Exit = restartpolicy.Exit{Code: 137, At: at(second), Requested: true}
	s.decide(second)
}

func (s *scenario) exitOOM(second float64) {
	s.in.Container.State = restartpolicy.Exited
	s.in.Container.Exit = restartpolicy.Exit{Code: 137, At: at(second), OOM: true}
	s.decide(second)
}

package restartpolicy

import (
	"fmt"
	"time"
)

// RunState is the state of a container, in the engine's words.
type RunState string

// The states of a container.
const (
	Created    RunState = "created"
	Running    RunState = "running"
	Paused     RunState = "paused"
	Restarting RunState = "restarting" // the engine will start it after its own delay
	Removing   RunState = "removing"
	Exited     RunState = "exited"
	Dead       RunState = "dead" // could not be removed completely
	Gone       RunState = "gone" // the engine does not know it any more
)

// Exit is the end of a container's last run. The zero Exit means that it has not
// ended a run yet.
type Exit struct {
	Code int
	At   time.Time     // by the engine's clock
	Ran  time.Duration // how long the run lasted
	// OOM says that the kernel killed a process for memory during the run.
	OOM bool
	// Requested says that someone asked for the exit by a stop, kill or restart
	// call, so that it is no failure.
	Requested bool
}

// HealthReport is what the container's health check says.
type HealthReport struct {
	// Verdict is the engine's: "healthy", "unhealthy", "starting", or
	// empty without a check.
	Verdict string
	// LastCodes are the exit codes of the latest probes, if known. -1 is a probe
	// that could not be run.
	LastCodes []int
	// InStartPeriod says that failed probes do not count yet.
	InStartPeriod bool
}

// Subject is the container that is decided upon, as it was observed.
type Subject struct {
	ID    string
	State RunState
	// StartedAt is when the current or last run began, by the engine's clock. It
	// tells one run from the next.
	StartedAt time.Time
	// Exit is the last exit, also while the container runs again.
	Exit Exit
	// StartError is why the last start failed: the engine's State.Error, or the
	// error of the caller's own start call if the engine kept none.
	StartError string
	// RestartCount is how often the engine itself restarted the container since
	// it was last started through its API.
	RestartCount int
	// EngineMode is the policy configured in the engine at present.
	EngineMode Mode
	Health     HealthReport
	// Exempt says that no policy applies: a one-off container, one the engine
	// removes by itself, one of another project, or one with a successor.
	Exempt bool
}

// Need is one dependency of the container's service, as far as it matters here.
type Need struct {
	Name string
	// Required dependencies must be satisfied before the container starts.
	Required bool
	// Satisfied says that the declared condition holds; for a dependency whose
	// namespace is shared, that its container runs.
	Satisfied bool
	// SharesNamespace says that the container lives in a namespace of the
	// dependency's container and is cut off when that one restarts.
	SharesNamespace bool
	// Restart is depends_on's restart: the container follows restarts of the
	// dependency; automatic ones only if Options.Cascade allows.
	Restart bool
	// StartedAt is when the dependency's container last started, by the engine's
	// clock; zero if unknown.
	StartedAt time.Time
}

// EngineState says whether observations can be trusted.
type EngineState uint8

const (
	// EngineUp means that the engine answers and everything was read again since
	// the event stream last broke.
	EngineUp EngineState = iota
	// EngineDown means that the engine does not answer.
	EngineDown
	// EngineResync means that observations are being renewed.
	EngineResync
)

// OnUnhealthy says what to do with a running container that turned unhealthy.
type OnUnhealthy string

// What to do with an unhealthy container. Empty is IgnoreUnhealthy, which is what
// the engine does by itself.
const (
	IgnoreUnhealthy  OnUnhealthy = "none"
	RestartUnhealthy OnUnhealthy = "restart"
	StopUnhealthy    OnUnhealthy = "stop"
)

// OnCrashLoop says what to do about a crash loop.
type OnCrashLoop string

// What to do about a crash loop. Empty is ReportCrashLoop.
const (
	// ReportCrashLoop only says so. A policy applied by the supervisor is slowed
	// down by its backoff anyway.
	ReportCrashLoop OnCrashLoop = "report"
	// BrakeCrashLoop takes restarts away from the engine for as long as the loop
	// lasts, so that they slow down too; nobody restarts the container meanwhile
	// if the supervisor ends.
	BrakeCrashLoop OnCrashLoop = "brake"
	// EndCrashLoop gives up and leaves the container stopped.
	EndCrashLoop OnCrashLoop = "giveup"
)

// Cascade says whether automatic restarts of a dependency reach its dependents.
type Cascade string

// Whether automatic restarts cascade along depends_on edges that declare restart.
// Empty means that they do not, as the Compose specification has it.
const (
	CascadeNever  Cascade = ""
	CascadeAlways Cascade = "always"
)

// Options are Muster's additions to a restart policy. The zero Options do exactly
// what Docker Compose would.
type Options struct {
	OnUnhealthy OnUnhealthy
	OnCrashLoop OnCrashLoop
	Cascade     Cascade
}

// ParseOptions reads on_unhealthy, crash_loop and cascade as they stand in a
// service's x-muster section; empty strings mean the defaults. Its error is a
// *SyntaxError.
func ParseOptions(onUnhealthy, crashLoop, cascade string) (Options, error) {
	o := Options{OnUnhealthy(onUnhealthy), OnCrashLoop(crashLoop), Cascade(cascade)}
	switch o.OnUnhealthy {
	case "", IgnoreUnhealthy, RestartUnhealthy, StopUnhealthy:
	default:
		return Options{}, &SyntaxError{fmt.Sprintf("unknown on_unhealthy %q", onUnhealthy), "use restart, stop or none"}
	}
	switch o.OnCrashLoop {
	case "", ReportCrashLoop, BrakeCrashLoop, EndCrashLoop:
	default:
		return Options{}, &SyntaxError{fmt.Sprintf("unknown crash_loop %q", crashLoop), "use report, brake or giveup"}
	}
	switch o.Cascade {
	case CascadeNever, CascadeAlways:
	default:
		return Options{}, &SyntaxError{fmt.Sprintf("unknown cascade %q", cascade), "use always, or leave it out"}
	}
	return o, nil
}

// Input is everything that a decision depends on.
type Input struct {
	// Now is the caller's monotonic clock, since an origin that stays the same
	// for as long as the History is used.
	Now       time.Duration
	Policy    Policy
	Owner     Owner // as fixed when the container was created
	Options   Options
	Engine    EngineState
	Container Subject
	Intent    Intent
	// Gapless says that the event stream had no gap since before the container
	// last exited, so that a stop by a user could not have been missed.
	Gapless bool
	Needs   []Need
	// ProbesSuspended says that a Breaker blames the host for failed probes.
	ProbesSuspended bool
	// Settle is how long an unhealthy verdict must stand before it has
	// consequences; see Breaker.Settle.
	Settle  time.Duration
	History History
}

// braked reports whether restarts were taken away from the engine that owns them.
// The engine's configuration itself is the mark, so that it survives the
// supervisor and is cleared by whoever runs next.
func (in Input) braked() bool {
	off := in.Container.EngineMode == No
	return in.Owner == Engine && in.Policy.Restarts() && off
}

package up

import (
	"time"

	"github.com/musterdev/muster/engine"
)

// RecreatePolicy says when an existing container is replaced.
type RecreatePolicy string

// The recreate policies.
const (
	RecreateDiverged RecreatePolicy = "diverged"
	RecreateForce    RecreatePolicy = "force"
	RecreateNever    RecreatePolicy = "never"
)

// UpOptions are the choices of up, create, start of a stack and scale.
type UpOptions struct {
	// Services are the targets by exact name; empty means all. Dependencies of
	// the targets are converged too unless NoDeps.
	Services []string
	NoDeps   bool
	Recreate RecreatePolicy // of targets; empty is diverged
	// RecreateDeps is the policy of services that are not targets; empty is diverged.
	RecreateDeps  RecreatePolicy
	NoStart       bool // create only
	RemoveOrphans bool
	IgnoreOrphans bool // no warning
	// RenewAnonVolumes gives recreated containers fresh anonymous volumes.
	RenewAnonVolumes bool
	Scale            map[string]int // replicas by service, over the file's
	Timeout          *time.Duration // stop grace over the services' own
	Wait             bool           // wait for every target to be ready
	WaitTimeout      time.Duration  // zero is none
	Settle           time.Duration  // see Await.Settle
	Pull             string         // pull policy over the services' own
	QuietPull        bool           // tell nothing of layers
	QuietBuild       bool           // tell nothing of what builds print
	Build            bool           // build every service that can be built
	NoBuild          bool
	ImagesReady      bool // images were pulled and built just now: no image steps
	// RecreateVolumes allows removing volumes whose definition changed, with
	// their data; without it such a change is a warning.
	RecreateVolumes bool
	// Provided are the variables that providers set just now, by service: their
	// programs do not run again, and what was made with others is made anew.
	Provided map[string]map[string]string
	// Now is the time that pull policies with an age compare with.
	Now time.Time
}

// DownOptions are the choices of down.
type DownOptions struct {
	Services      []string // empty means the whole project
	RemoveOrphans bool
	Volumes       bool
	Images        string // "", local or all
	// Built are the images that are known to be built for the project; those of
	// services without containers and without a file can be known from nothing else.
	Built   []engine.BuiltImage
	Timeout *time.Duration
}

// StartOptions are the choices of start.
type StartOptions struct {
	Services    []string // empty means all
	Wait        bool
	WaitTimeout time.Duration // zero is none
	Settle      time.Duration // see Await.Settle
}

// StopOptions are the choices of stop.
type StopOptions struct {
	Services []string // empty means all
	Timeout  *time.Duration
}

// RestartOptions are the choices of restart.
type RestartOptions struct {
	Services []string // empty means all
	NoDeps   bool     // leave dependents with restart: true alone
	Timeout  *time.Duration
}

// KillOptions are the choices of kill.
type KillOptions struct {
	Services []string // empty means all
	Signal   string   // empty is SIGKILL
	Orphans  bool     // containers of unknown services too
}

// RemoveOptions are the choices of rm.
type RemoveOptions struct {
	Services []string // empty means all
	Stop     bool     // stop running containers first and remove them too
	Volumes  bool     // anonymous volumes too
	Timeout  *time.Duration
}

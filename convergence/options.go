package convergence

import "time"

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
	QuietPull        bool
	Build            bool // build every service that can be built
	NoBuild          bool
	// RecreateVolumes allows removing volumes whose definition changed, with
	// their data; without it such a change is a warning.
	RecreateVolumes bool
	// Now is the time that pull policies with an age compare with.
	Now time.Time
}

// DownOptions are the choices of down.
type DownOptions struct {
	Services      []string // empty means the whole project
	RemoveOrphans bool
	Volumes       bool
	Images        string // "", local or all
	Timeout       *time.Duration
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/musterdev/muster/project"
)

// Errors that callers act on. Engines wrap them with what was being done.
var (
	// ErrNotFound means that the object does not exist (any more).
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the object's state, or a name in use, forbids the call.
	ErrConflict = errors.New("conflict")
	// ErrStale is an ErrConflict with what the project itself has on the engine,
	// unknown when the call was planned: calls of a run that was killed took effect
	// after the engine was observed. Whoever observes and plans again sees it.
	ErrStale = fmt.Errorf("the engine changed since it was observed: %w", ErrConflict)
	// ErrUnreachable means that no engine answers.
	ErrUnreachable = errors.New("engine not reachable")
	// ErrUnsupported means that this engine cannot do what was asked.
	ErrUnsupported = errors.New("not supported by this engine")
)

// BuiltImage is a name of a local image that was built for a service.
type BuiltImage struct {
	Ref     string // as the engine lists it, with its tag
	Service string
}

// EventStream is a subscription. Next blocks for the next event.
type EventStream interface {
	Next(ctx context.Context) (Event, error)
	Close() error
}

// Event says that something happened to a container, so that it is worth
// looking again. Attributes are hints, never the truth.
type Event struct {
	Container  Ref
	Service    string
	Action     string // create, start, die, stop, kill, health_status, oom, destroy, rename, …
	Health     Health // of health_status events
	ExitCode   int    // of die events
	Signal     string // of kill events
	ExecTime   time.Duration
	Time       time.Time
	Attributes map[string]string
}

// ContainerFilter narrows a list; the zero value lists everything.
type ContainerFilter struct {
	Project string
	Size    bool // fill SizeRw, which is slow
}

// ImageRef is an image reference for a platform. An empty platform is that of the
// local image, whichever it is, and the engine's where one is pulled;
// project.NativePlatform is the engine's in any case.
type ImageRef struct {
	Ref      string
	Platform string
	Age      bool // LastTagged is asked for, which costs a call on Docker
}

// Plain is the reference without what is asked about it.
func (r ImageRef) Plain() ImageRef { return ImageRef{Ref: r.Ref, Platform: r.Platform} }

// BuildSpec asks for a service's image.
type BuildSpec struct {
	Project *project.Project
	Service *project.Service
	NoCache bool
	Pull    bool // refresh base images
	Quiet   bool
	Args    []string // K=V, over those of the file
	SSH     []string // ID or ID=PATH, beside those of the file
	// Provenance and SBOM ask for attestations, over those of the file.
	Provenance string
	SBOM       string
	Builder    string // of docker buildx; empty is the one in use
	Check      bool   // only look for problems in the Dockerfile
	Labels     map[string]string
}

// CreateSpec asks for a container of a service. What a plan cannot know before
// its earlier steps ran is left open; see Open and Complete.
type CreateSpec struct {
	Project *project.Project
	Service *project.Service
	Name    string
	Number  int
	OneOff  bool
	Labels  map[string]string // complete after Complete: the service's own and Compose's
	// Refs are the first containers of the services whose namespaces or volumes
	// the service joins, keyed by service.
	Refs map[string]Ref
	// Unlinked are the names of containers that links of the service lead to and
	// that do not exist. The engine's default bridge refuses such a link.
	Unlinked []string
	// Inherit are anonymous volumes of the predecessor to mount again.
	Inherit []InheritedVolume
	// ImageID is the local image that the reference resolved to, if known.
	ImageID string
	// RestartPolicy overrides the policy for the engine if it is not empty.
	RestartPolicy string
	// StopSignal is set explicitly if the service declares none; empty leaves it
	// to the image.
	StopSignal string
	AutoRemove bool // the engine removes the container when it exits
	UseAliases bool // a one-off answers to its service's names too
}

// InheritedVolume is an anonymous volume carried over to a successor.
type InheritedVolume struct {
	Volume string
	Target string
	// IfImageVolume asks to mount it only if the new image declares Target as a VOLUME.
	IfImageVolume bool
}

// CreateResult is the answer to a create call.
type CreateResult struct {
	ID       string
	Warnings []string
}

// EndpointSpec asks for a container's endpoint on a network.
type EndpointSpec struct {
	Project   *project.Project
	Service   *project.Service
	Network   *project.Network
	Container string // its final name, one of the aliases
}

// ExecSpec is a command to run inside a container.
type ExecSpec struct {
	Command     []string
	User        string
	WorkingDir  string
	Environment []string
	Privileged  bool
	// Output receives the output as it comes; nil keeps just the tail.
	Output io.Writer
}

// ExecResult is what came of it.
type ExecResult struct {
	ExitCode int
	Output   string // the last 4 KiB, standard output and error mixed
}

// FileContent is a file to write into a container.
type FileContent struct {
	Path    string // absolute
	Content []byte
	Mode    uint32 // permission bits
	UID     int
	GID     int
}

// LogOptions select lines of a container's log.
type LogOptions struct {
	Follow     bool
	Since      string // RFC 3339, a duration back from now, or Unix seconds
	Until      string
	Tail       int // last lines; negative is all
	Timestamps bool
}

// LogLine is one line of output, without its newline.
type LogLine struct {
	Stderr  bool
	Time    time.Time // zero unless timestamps were asked for
	Text    []byte
	Partial bool // the output ended without a newline
}

// Inspection is what an inspect call tells beyond Container.
type Inspection struct {
	Container
	StartedAt     time.Time
	FinishedAt    time.Time
	Error         string // why the last start failed
	OOMKilled     bool
	RestartCount  int
	RestartPolicy string // the engine's: "always", "on-failure:3", …
	AutoRemove    bool
	Pid           int
	TTY           bool
	StopSignal    string
	StopTimeout   time.Duration // grace period; negative is none, zero if nobody set it
	LogDriver     string
	HealthCheck   *HealthCheck // effective check, the image's included; nil if none
	HealthLog     []HealthProbe
	FailingStreak int
	ImageVolumes  []string // targets
	NetworkMode   string
	Environment   []string
}

// HealthCheck is the effective health check of a container.
type HealthCheck struct {
	Test        []string // CMD or CMD-SHELL first
	Shell       []string // the image's SHELL, if set
	Interval    time.Duration
	Timeout     time.Duration
	StartPeriod time.Duration
	Retries     int
}

// HealthProbe is one run of a health check.
type HealthProbe struct {
	Start    time.Time
	End      time.Time
	ExitCode int
	Output   string
}

package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// PullImage gets a missing or stale image. Optional means that a failure is a
// warning because the image can be built or is present.
type PullImage struct {
	Image    engine.ImageRef
	Services []string
	Optional bool
	Quiet    bool // tells nothing of layers
}

// BuildImage builds a service's image.
type BuildImage struct {
	Spec engine.BuildSpec
	// IfMissing asks to do nothing if all of these images exist locally by then:
	// optional pulls may have brought them.
	IfMissing []engine.ImageRef
}

// CreateNetwork makes a network of the project.
type CreateNetwork struct {
	Network *project.Network
	Labels  map[string]string
}

// RemoveNetwork removes a network by ID. A network still in use is a warning.
type RemoveNetwork struct{ ID, Name string }

// ConnectNetwork attaches a container with its full endpoint settings.
type ConnectNetwork struct {
	Target   engine.Ref
	Endpoint engine.EndpointSpec
}

// DisconnectNetwork detaches a container by force.
type DisconnectNetwork struct {
	Target  engine.Ref
	Network string // ID or name on the engine
	Name    string
}

// CreateVolume makes a named volume of the project.
type CreateVolume struct {
	Volume *project.Volume
	Labels map[string]string
}

// RemoveVolume removes a volume and its data. A volume still in use is a warning.
type RemoveVolume struct{ Name string }

// CreateContainer creates a container and leaves it stopped. Replaces is the
// predecessor that still holds its name, if any.
type CreateContainer struct {
	Spec     engine.CreateSpec
	Replaces engine.Ref
}

// CopyFiles writes configs and secrets without a host file into a container.
type CopyFiles struct {
	Target  engine.Ref
	Service string
	Files   []ContainerFile
}

// ContainerFile is a config or secret at its place in a container.
type ContainerFile struct {
	File *project.File
	Path string
	Mode uint32
	UID  int
	GID  int
}

// StartContainer starts a created or exited container.
type StartContainer struct {
	Target  engine.Ref
	Service string
}

// RunHook runs a post_start or pre_stop command in a container.
type RunHook struct {
	Target  engine.Ref
	Service string
	Kind    string // post_start or pre_stop
	Index   int
	Hook    project.Hook
}

// Await waits until the containers of a service meet a condition.
type Await struct {
	Service   string
	Condition Condition
	Targets   []engine.Ref
	Ready     *project.Ready
	Timeout   time.Duration // zero is none
	Settle    time.Duration // how long a container without a check must stay up
	Optional  bool          // a failure is a warning
}

// Condition is what an Await waits for: those of depends_on, and RunningOrHealthy
// for `up --wait`.
type Condition = project.Condition

// RunningOrHealthy is the condition of `up --wait`: healthy if there is a
// check, else up for the settle time; a finished one-shot counts.
const RunningOrHealthy Condition = "running_or_healthy"

// StopContainer stops a container gracefully.
type StopContainer struct {
	Target engine.Ref
	Grace  *time.Duration
}

// KillContainer sends a signal.
type KillContainer struct {
	Target engine.Ref
	Signal string
}

// RestartContainer stops and starts a container in one engine call.
type RestartContainer struct {
	Target engine.Ref
	Grace  *time.Duration
}

// PauseContainer freezes a container's processes.
type PauseContainer struct{ Target engine.Ref }

// UnpauseContainer thaws them.
type UnpauseContainer struct{ Target engine.Ref }

// RenameContainer gives a container another name.
type RenameContainer struct {
	Target engine.Ref
	Name   string
}

// RemoveContainer removes a container by force, and with Volumes the anonymous
// volumes that were made with it.
type RemoveContainer struct {
	Target  engine.Ref
	Volumes bool
}

// RemoveImage removes a local image. An image still in use is a warning.
type RemoveImage struct{ Ref string }

func (a PullImage) String() string {
	if a.Image.Platform != "" && a.Image.Platform != project.NativePlatform {
		return "pull " + a.Image.Ref + " for " + a.Image.Platform
	}
	return "pull " + a.Image.Ref
}
func (a BuildImage) String() string      { return "build " + a.Spec.Service.Image }
func (a CreateNetwork) String() string   { return "create network " + a.Network.Name }
func (a RemoveNetwork) String() string   { return "remove network " + a.Name }
func (a CreateVolume) String() string    { return "create volume " + a.Volume.Name }
func (a RemoveVolume) String() string    { return "remove volume " + a.Name }
func (a StartContainer) String() string  { return "start " + a.Target.Name }
func (a StopContainer) String() string   { return "stop " + a.Target.Name }
func (a PauseContainer) String() string  { return "pause " + a.Target.Name }
func (a RemoveImage) String() string     { return "remove image " + a.Ref }
func (a RemoveContainer) String() string { return "remove " + a.Target.Name }

func (a UnpauseContainer) String() string { return "unpause " + a.Target.Name }
func (a RestartContainer) String() string { return "restart " + a.Target.Name }

func (a ConnectNetwork) String() string {
	return fmt.Sprintf("connect %s to %s", a.Target.Name, a.Endpoint.Network.Name)
}

func (a DisconnectNetwork) String() string {
	return fmt.Sprintf("disconnect %s from %s", a.Target.Name, a.Name)
}

func (a CreateContainer) String() string {
	return fmt.Sprintf("create %s from %s", a.Spec.Name, a.Spec.Service.Image)
}

func (a CopyFiles) String() string {
	paths := make([]string, len(a.Files))
	for i, f := range a.Files {
		paths[i] = f.Path
	}
	return fmt.Sprintf("copy %s into %s", strings.Join(paths, ", "), a.Target.Name)
}

func (a RunHook) String() string {
	return fmt.Sprintf("run %s[%d] in %s", a.Kind, a.Index, a.Target.Name)
}

func (a Await) String() string {
	s := fmt.Sprintf("wait for %s to be %s", a.Service, ConditionWords(a.Condition))
	if a.Timeout > 0 {
		s += fmt.Sprintf(" within %s", a.Timeout)
	}
	return s
}

func (a KillContainer) String() string {
	return fmt.Sprintf("send %s to %s", a.Signal, a.Target.Name)
}

func (a RenameContainer) String() string {
	return fmt.Sprintf("rename %s to %s", a.Target.Name, a.Name)
}

// ConditionWords say what a container is that meets the condition.
func ConditionWords(c Condition) string {
	switch c {
	case project.Healthy:
		return "healthy"
	case project.Completed:
		return "completed"
	case RunningOrHealthy:
		return "ready"
	}
	return "started"
}

// ContainerObject is the name under which people see a container's progress.
func ContainerObject(r engine.Ref) string { return "Container " + r.Name }

package engine

import (
	"context"
	"io"
	"time"

	"github.com/musterdev/muster/project"
)

// Engine is everything Muster asks of a container engine. Implementations are
// safe for concurrent use. Objects that are already as asked are no error:
// starting a running container, stopping a stopped one, removing what is gone.
//
// A backend that has only some of the roles declares those; see Roles.
type Engine interface {
	Containers
	Networks
	Volumes
	Images
	Events
	Inside
	Info
	// Close drops idle connections. Calls in flight are not disturbed.
	io.Closer
}

// Lister is what observing a project asks of an engine.
type Lister interface {
	ListContainers(ctx context.Context, f ContainerFilter) ([]Container, error)
	ListNetworks(ctx context.Context) ([]Network, error)
	ListVolumes(ctx context.Context) ([]Volume, error)
	ListImages(ctx context.Context, refs []ImageRef) ([]Image, error)
}

// Containers are the calls on containers as wholes.
type Containers interface {
	// ListContainers lists the containers in every state, sorted as by Observed.Sort.
	ListContainers(ctx context.Context, f ContainerFilter) ([]Container, error)
	InspectContainer(ctx context.Context, c Ref) (Inspection, error)
	CreateContainer(ctx context.Context, spec CreateSpec) (CreateResult, error)
	StartContainer(ctx context.Context, c Ref) error
	// StopContainer sends the container's stop signal and kills it after grace;
	// nil leaves the grace period to the container's own configuration.
	StopContainer(ctx context.Context, c Ref, grace *time.Duration) error
	RestartContainer(ctx context.Context, c Ref, grace *time.Duration) error
	KillContainer(ctx context.Context, c Ref, signal string) error
	PauseContainer(ctx context.Context, c Ref) error
	UnpauseContainer(ctx context.Context, c Ref) error
	RenameContainer(ctx context.Context, c Ref, name string) error
	// RemoveContainer removes the container by force; volumes also removes the
	// anonymous volumes that were made with it.
	RemoveContainer(ctx context.Context, c Ref, volumes bool) error
	// SetRestartPolicy changes the policy that the engine enforces: "no",
	// "always", "unless-stopped", "on-failure" or "on-failure:N".
	SetRestartPolicy(ctx context.Context, c Ref, policy string) error
	// WaitContainer waits until the container does not run and returns its exit code.
	WaitContainer(ctx context.Context, c Ref) (int, error)
	// Logs calls emit for every line of the container's log, in order; emit must
	// not keep the line's bytes. With Follow it ends when the container does.
	Logs(ctx context.Context, c Ref, opt LogOptions, emit func(LogLine) error) error
}

// Inside are the calls that reach into a container: its processes, their streams,
// its files, and what it uses.
type Inside interface {
	// Exec runs a command in a running container and returns its exit code and
	// at most the last 4 KiB of its output.
	Exec(ctx context.Context, c Ref, spec ExecSpec) (ExecResult, error)
	// StartExec runs a command in a running container and hands its streams out.
	StartExec(ctx context.Context, c Ref, spec ExecSpec, t SessionOptions) (Session, error)
	// StartExecDetached runs it and does not wait.
	StartExecDetached(ctx context.Context, c Ref, spec ExecSpec) error
	// AttachContainer hands out the streams of the container's own process. The
	// attachment stands when it returns, so that nothing written later is lost.
	AttachContainer(ctx context.Context, c Ref, t SessionOptions) (Session, error)
	// CopyTo writes the files into the container, running or not.
	CopyTo(ctx context.Context, c Ref, files []FileContent) error
	// CopyArchive unpacks a tar archive into a folder of the container; ownership
	// keeps the archive's user and group IDs.
	CopyArchive(ctx context.Context, c Ref, folder string, archive io.Reader, ownership bool) error
	// CopyFrom returns a tar archive of a file or folder of the container.
	CopyFrom(ctx context.Context, c Ref, path string) (io.ReadCloser, PathStat, error)
	// StatPath describes a path of the container; ErrNotFound if there is none.
	StatPath(ctx context.Context, c Ref, path string) (PathStat, error)
	// ExportContainer writes the container's file system as a tar archive.
	ExportContainer(ctx context.Context, c Ref, w io.Writer) error
	// CommitContainer makes an image of the container and returns its ID.
	CommitContainer(ctx context.Context, c Ref, opt CommitOptions) (string, error)
	// Top lists the processes of a running container in the columns of ps.
	Top(ctx context.Context, c Ref) (titles []string, processes [][]string, err error)
	// Stats calls emit with the container's use of resources: once, or every
	// second until ctx ends or the container does.
	Stats(ctx context.Context, c Ref, follow bool, emit func(Stats) error) error
}

// Networks are the network calls.
type Networks interface {
	// ListNetworks lists all networks of the engine, sorted as by Observed.Sort. What
	// it calls their drivers is the engine's own business; what it returns is the caller's.
	ListNetworks(ctx context.Context) ([]Network, error)
	// CreateNetwork returns the new network's ID. A network of that name and the
	// same labels that a concurrent run made is no error. The labels stay the caller's.
	CreateNetwork(ctx context.Context, n *project.Network, labels map[string]string) (string, error)
	// RemoveNetwork removes a network by its ID or its name. One that is gone is no
	// error; one that a running container is on wraps ErrConflict.
	RemoveNetwork(ctx context.Context, id string) error
	// ConnectNetwork attaches a container with the full endpoint settings that
	// its service declares for the network: aliases, addresses, priorities.
	ConnectNetwork(ctx context.Context, c Ref, e EndpointSpec) error
	DisconnectNetwork(ctx context.Context, c Ref, network string) error
}

// Volumes are the volume calls.
type Volumes interface {
	// ListVolumes lists all volumes of the engine, sorted as by Observed.Sort. What it
	// returns is the caller's.
	ListVolumes(ctx context.Context) ([]Volume, error)
	// CreateVolume makes a volume. One of that name and the same labels is no error, and
	// stays as it is. The labels stay the caller's.
	CreateVolume(ctx context.Context, v *project.Volume, labels map[string]string) error
	// RemoveVolume removes a volume and its data. One that is gone is no error; one
	// that a container mounts wraps ErrConflict.
	RemoveVolume(ctx context.Context, name string) error
}

// Images are the image calls.
type Images interface {
	// ListImages returns the local images that the references resolve to; a
	// reference without a local image is left out.
	ListImages(ctx context.Context, refs []ImageRef) ([]Image, error)
	// ListBuiltImages lists the names of images that were built for services of the
	// project, as their labels say.
	ListBuiltImages(ctx context.Context, project string) ([]BuiltImage, error)
	// PullImage pulls the reference and reports progress by layer.
	PullImage(ctx context.Context, ref ImageRef, report func(Progress)) error
	// PushImage sends a local image to its registry.
	PushImage(ctx context.Context, ref ImageRef, report func(Progress)) error
	// ResolveDigest asks the registry for the digest that a reference has there now.
	ResolveDigest(ctx context.Context, ref ImageRef) (string, error)
	// BuildImage builds the service's image and tags it with its Image.
	BuildImage(ctx context.Context, spec BuildSpec, report func(Progress)) error
	RemoveImage(ctx context.Context, ref string) error
	// PruneImages removes the project's images that no name refers to any more, as
	// rebuilds leave them behind.
	PruneImages(ctx context.Context, project string) error
}

// Events are what the engine tells of containers unasked, and what it told.
type Events interface {
	Watcher
	// EventsBetween streams the project's container events of a span of time, in
	// RFC 3339, Unix seconds or durations back from now. An empty until follows.
	EventsBetween(ctx context.Context, project, since, until string) (EventStream, error)
}

// Watcher subscribes to the engine's events.
type Watcher interface {
	// Watch returns once the subscription stands: whatever happens after it
	// returned is delivered. The stream ends with an error when the connection
	// or ctx does.
	Watch(ctx context.Context, project string) (EventStream, error)
	// Recall is what the engine still knows of signals, starts and ends of the
	// project's containers, oldest first: engines keep the last few hundred events.
	Recall(ctx context.Context, project string) ([]Event, error)
}

// Info is what an engine says of itself.
type Info interface {
	// Ping asks whether the engine answers; the error wraps ErrUnreachable if it
	// does not, and ErrUnsupported if it is too old.
	Ping(ctx context.Context) error
	// Identity is known without asking the engine.
	Identity() Identity
	// Check finds what this engine cannot do of the active services and networks.
	// What no engine can do is the loader's to say.
	Check(ctx context.Context, p *project.Project) ([]Finding, error)
}

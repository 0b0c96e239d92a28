package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/project"
)

// Ref addresses a container: by ID if it was observed, by name if it is only
// planned. Name is always set and is what people see.
type Ref struct {
	ID   string
	Name string
}

// Key is the ID if there is one, else the name: what the engine is asked for.
func (r Ref) Key() string { return cmp.Or(r.ID, r.Name) }

// State is the engine's state of a container.
type State string

// The states a container can be listed in.
const (
	Created    State = "created"
	Running    State = "running"
	Paused     State = "paused"
	Restarting State = "restarting"
	Removing   State = "removing"
	Exited     State = "exited"
	Dead       State = "dead"
)

// HalfRemoved reports whether the engine has begun to remove the container and has
// not, or could not, come to the end: nothing but a removal can be asked for.
func (s State) HalfRemoved() bool { return s == Dead || s == Removing }

// Health is the engine's verdict on a container; empty if it has no check.
type Health string

// The verdicts of an engine's health check.
const (
	HealthNone      Health = ""
	HealthStarting  Health = "starting"
	HealthHealthy   Health = "healthy"
	HealthUnhealthy Health = "unhealthy"
)

// Container is what one list call tells of a container.
type Container struct {
	Ref
	Project string
	Service string
	Number  int  // replica number; 0 on one-off containers
	OneOff  bool // made by `run`
	Labels  map[string]string
	Image   string // reference given at create
	ImageID string
	// ImageDigest is the digest of the platform's manifest, on engines that tell it.
	ImageDigest string
	Command     string
	State       State
	Status      string // the engine's text: "Up 3 seconds (healthy)"
	Health      Health
	ExitCode    int // of an exited container
	Created     time.Time
	Networks    []Attachment // sorted by network name
	Mounts      []Mount      // sorted by target
	Ports       []Port       // sorted
	SizeRw      int64        // bytes written to the container's layer; 0 unless asked for
}

// Up reports whether the container's process runs, is frozen, or is started
// again by the engine.
func (c Container) Up() bool { return c.State == Running || c.State == Paused || c.State == Restarting }

// MountsVolume reports whether the container mounts the volume of that name.
func (c Container) MountsVolume(name string) bool {
	return slices.ContainsFunc(c.Mounts, func(m Mount) bool { return m.Type == "volume" && m.Name == name })
}

// Managed reports whether the container is a service's or a `run`'s: hook
// containers, and what people run by hand from images that Compose built, carry
// the project's labels too, but no config hash.
func Managed(c Container) bool { return c.Labels[project.LabelConfigHash] != "" }

// Attached reports whether the container has an endpoint on the network.
func Attached(c Container, id, name string) bool {
	return slices.ContainsFunc(c.Networks, func(a Attachment) bool {
		return a.NetworkID == id || (a.NetworkID == "" && a.Network == name)
	})
}

// Attachment is a container's endpoint on a network.
type Attachment struct {
	Network   string // name
	NetworkID string // empty before the first start on some engines
	Address   string // IPv4 address, empty while not running
}

// Mount is one mounted file system of a container.
type Mount struct {
	Type     string // bind, volume, tmpfs, image
	Name     string // of the volume
	Source   string // host path of a bind
	Target   string
	ReadOnly bool
}

// Port is a container port and, if it is published, its host side.
type Port struct {
	HostIP    string
	HostPort  int // 0 if not published
	Container int
	Protocol  string
}

// SameProtocol reports whether two ports are of one protocol; empty is tcp.
func SameProtocol(a, b string) bool {
	if a == "" {
		a = "tcp"
	}
	return strings.EqualFold(a, b)
}

// Overlaps reports whether two host addresses cannot both have one port.
func Overlaps(a, b string) bool {
	anyAddress := func(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }
	return a == b || anyAddress(a) || anyAddress(b)
}

// Network is a network of the engine.
type Network struct {
	ID     string
	Name   string
	Labels map[string]string
	Driver string
}

// Volume is a volume of the engine.
type Volume struct {
	Name   string
	Labels map[string]string
	Driver string
	// Mountpoint is where the engine keeps it; Scope is local or global.
	Mountpoint string
	Scope      string
}

// Image is a local image that a project's reference resolves to.
type Image struct {
	Ref        string // the reference asked for
	Wanted     string // the platform asked for; empty is the engine's, or any
	ID         string // image ID
	Digest     string // what the image label holds: the platform manifest's digest on engines that tell it, else ID
	Created    time.Time
	LastTagged time.Time // zero unless it was asked for
	// Tags, Size and Platform are told of images asked for by ID or with Age.
	Tags     []string // repository:tag, sorted
	Size     int64    // bytes
	Platform string   // os/architecture[/variant]
}

// Observed is one look at the engine through a project's eyes: everything that
// carries the project's label, the networks and volumes that the project names,
// and the local images its services use. All slices are sorted.
type Observed struct {
	Project    string // name of the project
	Containers []Container
	Networks   []Network
	Volumes    []Volume
	Images     []Image
	// Content are digests of configs and secrets as they are in containers whose
	// labels do not tell, by container ID; see ReadContent.
	Content map[string]map[string]project.Fingerprint
	// Past is what the engine remembers, if it was asked for; see Watcher.Recall.
	Past []Event
	// Stopping are the stops in flight of containers that still run, by ID; see
	// FindStopping.
	Stopping map[string]Stopping
}

// Container returns the container with that ID or name.
func (o Observed) Container(key string) (Container, bool) {
	i := slices.IndexFunc(o.Containers, func(c Container) bool { return c.ID == key || c.Name == key })
	if i < 0 {
		return Container{}, false
	}
	return o.Containers[i], true
}

// Of returns the service's containers that are no one-offs, in the order of
// their numbers.
func (o Observed) Of(service string) []Container {
	var cs []Container
	for _, c := range o.Containers {
		if c.Service == service && !c.OneOff {
			cs = append(cs, c)
		}
	}
	return cs
}

// Image returns the local image that was found for the reference and its platform.
func (o Observed) Image(r ImageRef) (Image, bool) {
	i := slices.IndexFunc(o.Images, func(m Image) bool { return m.Ref == r.Ref && m.Wanted == r.Platform })
	if i < 0 {
		return Image{}, false
	}
	return o.Images[i], true
}

// Sort puts every slice into its canonical order. Engines call it before they
// hand an observation out.
func (o *Observed) Sort() {
	slices.SortFunc(o.Containers, func(a, b Container) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), compareBool(a.OneOff, b.OneOff),
			cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(o.Networks, func(a, b Network) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(o.Volumes, func(a, b Volume) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(o.Images, func(a, b Image) int {
		return cmp.Or(cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Wanted, b.Wanted), cmp.Compare(a.ID, b.ID))
	})
}

// Sorted is a copy in canonical order, for planners: where their input was put
// together must not show.
func (o Observed) Sorted() Observed {
	o.Containers, o.Networks = slices.Clone(o.Containers), slices.Clone(o.Networks)
	o.Volumes, o.Images = slices.Clone(o.Volumes), slices.Clone(o.Images)
	o.Sort()
	return o
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

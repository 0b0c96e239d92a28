package project

import (
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/restartpolicy"
)

// Project is a resolved Compose project. All slices are sorted by name or key.
type Project struct {
	Name      string   // normalised project name
	Dir       string   // absolute working directory, base of relative paths
	Files     []string // absolute Compose files in the order given; "-" is standard input
	EnvFiles  []string // files given explicitly with --env-file, absolute
	Key       Key      // of the digests that labels carry
	Separator string   // between the parts of a container name: "-", or "_" in compatibility mode

	Services []*Service // active and selected
	Disabled []*Service // declared, but gated by inactive profiles or not selected
	Networks []*Network
	Volumes  []*Volume
	Configs  []*File
	Secrets  []*File

	// Unused are the problems of parts of the files that no active service uses.
	Unused []Problem

	// Environment resolves bare variable names at run time (run -e NAME). It may
	// hold secrets: it never reaches labels, logs or errors.
	Environment map[string]string

	// Compose is the whole resolved model as compose-go sees it, for `config`
	// and for attributes without a field of their own. It is never written to.
	Compose *types.Project

	// Positions says where each element of the model was set.
	Positions Positions
}

// Condition is what a dependent waits for; the values are the file format's.
type Condition string

// The three conditions of depends_on.
const (
	Started   Condition = "service_started"
	Healthy   Condition = "service_healthy"
	Completed Condition = "service_completed_successfully"
)

// Dependency is an edge to another service, written in depends_on or implied
// by links, volumes_from or a shared namespace.
type Dependency struct {
	Service   string
	Condition Condition
	Required  bool   // a failure of the dependency fails the dependent
	Restart   bool   // the dependent is restarted when the dependency is updated
	Implied   string // the attribute that implies the edge; empty for depends_on
	Pos       Position
}

// Service is one service of the project.
type Service struct {
	Name  string
	Image string // reference the containers run; a built service without one gets <project>-<service>
	// Platform is that of its image: as written, else DOCKER_DEFAULT_PLATFORM; empty
	// takes what is there, or the engine's. See NativePlatform.
	Platform string
	// SharesTag says that other services want the same reference for another
	// platform: engines that keep one image per tag then have theirs now and then.
	SharesTag     bool
	Build         bool     // has a build section
	BuildsOn      []string // services whose images the build uses, sorted
	PullPolicy    string   // as written; empty is "missing"
	ContainerName string   // explicit name, or empty
	Replicas      int
	Grace         *time.Duration // stop grace period, whole seconds; nil is the engine's default
	DependsOn     []Dependency   // sorted by service, at most one per service
	Restart       restartpolicy.Policy
	Networks      []string       // keys, the primary network first
	Volumes       []string       // keys of the named volumes that are mounted
	Namespaces    []NamespaceRef // other services whose containers this one joins
	PreStart      []Hook
	PostStart     []Hook
	PreStop       []Hook
	Muster        Extension // x-muster
	Provider      bool      // run by a provider program, has no containers
	Problems      []Problem // what the files get wrong about it; no container is made of a service with any

	// Spec is the whole Compose service, opaque to planners; internal/docker
	// translates it once.
	Spec types.ServiceConfig
	// Hash is Docker Compose's config hash of Spec with unresolved service: references.
	Hash Fingerprint
	// Sections are fingerprints of Spec by attribute name, to say what changed.
	Sections map[string]Fingerprint
	// Content are digests, by the project's key, of the configs and secrets used, keyed
	// "config:NAME" and "secret:NAME". They notice changed content.
	Content map[string]Fingerprint
	Pos     Position
}

// NativePlatform is the platform of services that declare none while others want
// the same image for another: the engine's own.
const NativePlatform = "native"

// NamespaceRef is a namespace or set of volumes shared with another service's
// first container.
type NamespaceRef struct {
	Attribute string // network_mode, ipc, pid, uts, cgroup or volumes_from
	Service   string
}

// Hook is a lifecycle command.
type Hook struct {
	Command     []string
	Image       string // pre_start only; empty is the service's image
	User        string
	Privileged  bool
	WorkingDir  string
	Environment []string // K=V, sorted
	PerReplica  bool
}

// Network is a network that active services use, or all declared ones.
type Network struct {
	Key      string // name in the file
	Name     string // name on the engine
	External bool
	Hash     Fingerprint
	Spec     types.NetworkConfig
	Pos      Position
}

// Volume is a named volume that active services use, or all declared ones.
type Volume struct {
	Key      string
	Name     string
	External bool
	Hash     Fingerprint
	Spec     types.VolumeConfig
	Pos      Position
}

// File is a config or a secret.
type File struct {
	Key    string
	Name   string
	Secret bool
	// Exactly one of Path, Variable and Inline is meaningful unless External.
	Path     string // file on the host
	Variable string // environment variable that holds the content
	Inline   bool   // content stands in the file
	External bool
	// Content is the value of Variable or the inline content. For secrets it is
	// secret: it goes into containers and nowhere else.
	Content []byte
	// Missing says that Variable is not set; starting a user of it is an error.
	Missing bool
	Pos     Position
}

// Service returns the active service of that name, or nil.
func (p *Project) Service(name string) *Service { return byName(p.Services, name) }

// Declared returns the service of that name, active or not, or nil.
func (p *Project) Declared(name string) *Service {
	if s := p.Service(name); s != nil {
		return s
	}
	return p.DisabledService(name)
}

// DisabledService returns the declared, inactive service of that name, or nil.
func (p *Project) DisabledService(name string) *Service { return byName(p.Disabled, name) }

// Network returns the network with that key, or nil.
func (p *Project) Network(key string) *Network {
	i := slices.IndexFunc(p.Networks, func(n *Network) bool { return n.Key == key })
	if i < 0 {
		return nil
	}
	return p.Networks[i]
}

// Volume returns the volume with that key, or nil.
func (p *Project) Volume(key string) *Volume {
	i := slices.IndexFunc(p.Volumes, func(v *Volume) bool { return v.Key == key })
	if i < 0 {
		return nil
	}
	return p.Volumes[i]
}

// ServiceNames returns the names of the active services, sorted.
func (p *Project) ServiceNames() []string {
	names := make([]string, len(p.Services))
	for i, s := range p.Services {
		names[i] = s.Name
	}
	return names
}

func byName(services []*Service, name string) *Service {
	i := slices.IndexFunc(services, func(s *Service) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return services[i]
}

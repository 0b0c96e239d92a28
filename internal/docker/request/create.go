package request

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Translation is everything that a container's request is made of. Given the
// same, the request is the same, byte for byte.
type Translation struct {
	in   engine.CreateSpec
	spec types.ServiceConfig // service: references are resolved to containers
	api  string              // negotiated API version
	OS   string              // linux or windows
	// Proxy are the client's proxy variables, below the service's own.
	Proxy map[string]string
	// Image is the service's image if something needs to know it, else nil.
	Image  *image.InspectResponse
	Native *ocispec.Platform // the engine's, where its own is asked for
	// ReadFile reads a file of this machine: seccomp profiles.
	ReadFile func(string) ([]byte, error)
}

// Create is what is sent to create a container.
type Create struct {
	container.CreateRequest
	Platform *ocispec.Platform
	// Connect are the networks that an engine below API 1.44 is told of after
	// the create call, in this order.
	Connect []connection
}

// connection is a network that a container is connected to by a call of its own.
type connection struct {
	Network  string
	Settings *network.EndpointSettings
}

// New translates for an engine of that API version and operating system.
func New(in engine.CreateSpec, api, os string) Translation {
	ids := make(map[string]string, len(in.Refs))
	for service, c := range in.Refs {
		ids[service] = c.Key()
	}
	return Translation{in: in, spec: in.Service.Resolved(ids), api: api, OS: os}
}

// atLeast reports whether the engine speaks that API version.
func (t Translation) atLeast(version string) bool { return !versions.LessThan(t.api, version) }

// Create is the request.
func (t Translation) Create() (Create, error) {
	var r Create
	r.Config = t.config()
	host, err := t.host()
	if err != nil {
		return r, err
	}
	r.HostConfig = host
	if err := t.networking(&r); err != nil {
		return r, err
	}
	r.Platform, err = t.wantedPlatform()
	if err != nil {
		return r, t.invalid("platform", err)
	}
	return r, nil
}

// invalid is the error of a key that cannot be translated.
func (t Translation) invalid(key string, err error) error {
	return &keyError{t.in.Name, t.in.Service.Name, key, err}
}

// wantedPlatform is that of the container; nil is that of the image.
func (t Translation) wantedPlatform() (*ocispec.Platform, error) {
	if t.in.Service.Platform == project.NativePlatform {
		return t.Native, nil
	}
	return Platform(t.in.Service.Platform)
}

// Platform reads os/architecture[/variant]; an empty string is nil, the
// engine's own platform.
func Platform(s string) (*ocispec.Platform, error) {
	if s == "" {
		return nil, nil
	}
	parts := strings.Split(strings.ToLower(s), "/")
	if !project.IsPlatform(s) {
		return nil, fmt.Errorf("%q is not of the form os/architecture[/variant]", s)
	}
	p := &ocispec.Platform{OS: parts[0]}
	if len(parts) > 1 {
		p.Architecture = parts[1]
	}
	if len(parts) > 2 {
		p.Variant = parts[2]
	}
	return p, nil
}

// NeedsImage reports whether the request depends on the image's own settings,
// which costs a call.
func (t Translation) NeedsImage() bool {
	return t.clearsCommand() || slices.ContainsFunc(t.in.Inherit, func(v engine.InheritedVolume) bool { return v.IfImageVolume })
}

package docker

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

// translation is everything that a container's request is made of. Given the
// same, the request is the same, byte for byte.
type translation struct {
	in   engine.CreateSpec
	spec types.ServiceConfig // service: references are resolved to containers
	api  string              // negotiated API version
	os   string              // linux or windows
	// proxy are the client's proxy variables, below the service's own.
	proxy map[string]string
	// image is the service's image if something needs to know it, else nil.
	image  *image.InspectResponse
	native *ocispec.Platform // the engine's, where its own is asked for
	// readFile reads a file of this machine: seccomp profiles.
	readFile func(string) ([]byte, error)
}

// request is what is sent to create a container.
type request struct {
	container.CreateRequest
	platform *ocispec.Platform
	// connect are the networks that an engine below API 1.44 is told of after
	// the create call, in this order.
	connect []connection
}

type connection struct {
	network  string
	settings *network.EndpointSettings
}

func newTranslation(in engine.CreateSpec, api, os string) translation {
	ids := make(map[string]string, len(in.Refs))
	for service, c := range in.Refs {
		ids[service] = c.Key()
	}
	return translation{in: in, spec: in.Service.Resolved(ids), api: api, os: os}
}

// atLeast reports whether the engine speaks that API version.
func (t translation) atLeast(version string) bool { return !versions.LessThan(t.api, version) }

func (t translation) request() (request, error) {
	var r request
	r.Config = t.config()
	host, err := t.host()
	if err != nil {
		return r, err
	}
	r.HostConfig = host
	if err := t.networking(&r); err != nil {
		return r, err
	}
	r.platform, err = t.wantedPlatform()
	if err != nil {
		return r, t.invalid("platform", err)
	}
	return r, nil
}

// invalid is the error of a key that cannot be translated.
func (t translation) invalid(key string, err error) error {
	return &keyError{t.in.Name, t.in.Service.Name, key, err}
}

// wantedPlatform is that of the container; nil is that of the image.
func (t translation) wantedPlatform() (*ocispec.Platform, error) {
	if t.in.Service.Platform == project.NativePlatform {
		return t.native, nil
	}
	return parsePlatform(t.in.Service.Platform)
}

// parsePlatform reads os/architecture[/variant]; an empty string is nil, the
// engine's own platform.
func parsePlatform(s string) (*ocispec.Platform, error) {
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

// needsImage reports whether the request depends on the image's own settings,
// which costs a call.
func (t translation) needsImage() bool {
	return t.clearsCommand() || slices.ContainsFunc(t.in.Inherit, func(v engine.InheritedVolume) bool { return v.IfImageVolume })
}

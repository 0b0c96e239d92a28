package request

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/versions"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Unsupported lists, in file order, what an engine of that API version and
// operating system, linux or windows, does otherwise than written. What it could
// only do wrong it refuses.
func Unsupported(p *project.Project, api, os string) []engine.Finding {
	w := &warnings{project: p, api: api, os: os}
	for _, s := range p.Services {
		if s.Provider {
			continue
		}
		w.root = []string{"services", s.Name}
		w.service(s)
		w.build(s.Spec.Build)
		w.networks(s)
		w.mounts(s)
	}
	for _, n := range p.Networks {
		w.root = []string{"networks", n.Key}
		if n.Spec.EnableIPv4 != nil && !n.External {
			w.since("1.47", "ignored: IPv4 stays enabled", "enable_ipv4")
		}
	}
	slices.SortStableFunc(w.list, func(a, b engine.Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return w.list
}

type warnings struct {
	project *project.Project
	api, os string
	root    []string // where the keys below stand
	list    []engine.Finding
}

// warn says what happens instead of the key, which is a path below root.
func (w *warnings) warn(instead string, key ...string) {
	full := append(slices.Clone(w.root), key...)
	w.list = append(w.list, engine.Finding{
		Pos:  w.project.Positions.Of(full...),
		Key:  full,
		Text: dotted(full) + ": " + instead,
	})
}

// since warns if the engine is older than the API version that brought the key.
func (w *warnings) since(version, instead string, key ...string) {
	if versions.LessThan(w.api, version) {
		w.warn(fmt.Sprintf("needs an engine with API %s, this one has %s: %s", version, w.api, instead), key...)
	}
}

// dotted is services.web.ports[0], as people write paths.
func dotted(path []string) string {
	var b strings.Builder
	for i, elem := range path {
		if i > 0 && !strings.HasPrefix(elem, "[") {
			b.WriteByte('.')
		}
		b.WriteString(elem)
	}
	return b.String()
}

func index(i int) string { return fmt.Sprintf("[%d]", i) }

func (w *warnings) service(s *project.Service) {
	c := s.Spec
	if len(c.Annotations) > 0 {
		w.since("1.43", "ignored: the container gets no annotations", "annotations")
	}
	if c.HealthCheck != nil && c.HealthCheck.StartInterval != nil {
		w.since("1.44", "the engine checks every interval from the start", "healthcheck", "start_interval")
	}
	for i, d := range c.Devices {
		if isCDI(d) {
			w.since("1.44", "ignored: it cannot add CDI devices", "devices", index(i))
		}
	}
	for i, e := range c.Expose {
		number, _, _ := strings.Cut(e, "/")
		if _, _, ok := portRange(number); !ok {
			w.warn(fmt.Sprintf("%q is neither a port nor a range of ports: ignored", e), "expose", index(i))
		}
	}
	if w.os != "windows" {
		for _, k := range []struct {
			key string
			set bool
		}{
			{"cpu_count", c.CPUCount != 0}, {"cpu_percent", c.CPUPercent != 0}, {"credential_spec", c.CredentialSpec != nil},
		} {
			if k.set {
				w.warn("ignored: for Windows engines only", k.key)
			}
		}
	} else if c.CredentialSpec != nil && c.CredentialSpec.Config != "" {
		w.warn("external configs need Swarm: ignored", "credential_spec", "config")
	}
}

// build names what the BuildKit of old engines leaves out.
func (w *warnings) build(b *types.BuildConfig) {
	if b == nil {
		return
	}
	if b.ShmSize != 0 {
		w.since("1.42", "ignored: the engine's default is used", "build", "shm_size")
	}
	if len(b.Ulimits) > 0 {
		w.since("1.42", "ignored: the engine's default is used", "build", "ulimits")
	}
}

func (w *warnings) networks(s *project.Service) {
	if mode := s.Spec.NetworkMode; s.Spec.MacAddress != "" && len(s.Networks) == 0 && mode != "bridge" && mode != "default" {
		w.warn(fmt.Sprintf("ignored: a container with network_mode %s has no address of its own", cmp.Or(mode, "none")), "mac_address")
	}
	for i, key := range s.Networks {
		c := s.Spec.Networks[key]
		if c == nil {
			continue
		}
		if c.MacAddress != "" && i > 0 {
			w.since("1.44", "the engine chooses the address", "networks", key, "mac_address")
		}
		if c.GatewayPriority != 0 {
			w.since("1.48", "the engine chooses the default gateway", "networks", key, "gw_priority")
		}
		if c.InterfaceName != "" {
			w.since("1.49", "the engine chooses the name", "networks", key, "interface_name")
		}
	}
}

func (w *warnings) mounts(s *project.Service) {
	for i, v := range s.Spec.Volumes {
		if v.Type != types.VolumeTypeBind {
			continue
		}
		if v.Bind == nil {
			v.Bind = &types.ServiceVolumeBind{CreateHostPath: true}
		}
		if v.Bind.Recursive == "readonly" {
			w.since("1.44", "file systems mounted below the source stay writable", "volumes", index(i), "bind", "recursive")
		}
		if _, plain := bindString(v); !plain && bool(v.Bind.CreateHostPath) {
			w.since("1.42", "a missing source is an error, not created", "volumes", index(i))
		}
		if _, plain := bindString(v); !plain && v.Bind.SELinux != "" {
			w.warn("ignored: engines relabel only binds without recursive and create_host_path: false", "volumes", index(i), "bind", "selinux")
		}
	}
}

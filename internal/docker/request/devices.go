package request

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
)

// devices translates device nodes, CDI devices, gpus and reserved devices.
func (t Translation) devices(r *container.Resources) {
	var cdi []string
	for _, d := range t.spec.Devices {
		if isCDI(d) {
			cdi = append(cdi, d.Source)
			continue
		}
		permissions := d.Permissions
		if permissions == "" {
			permissions = "rwm"
		}
		target := d.Target
		if target == "" {
			target = d.Source
		}
		r.Devices = append(r.Devices, container.DeviceMapping{
			PathOnHost: d.Source, PathInContainer: target, CgroupPermissions: permissions,
		})
	}
	if len(cdi) > 0 {
		r.DeviceRequests = append(r.DeviceRequests, container.DeviceRequest{Driver: "cdi", DeviceIDs: cdi})
	}
	for _, g := range t.spec.Gpus {
		r.DeviceRequests = append(r.DeviceRequests, deviceRequest(g, "gpu"))
	}
	if d := t.spec.Deploy; d != nil && d.Resources.Reservations != nil {
		for _, reserved := range d.Resources.Reservations.Devices {
			r.DeviceRequests = append(r.DeviceRequests, deviceRequest(reserved, ""))
		}
	}
}

// isCDI tells a name of the Container Device Interface, vendor/class=device,
// from a path.
func isCDI(d types.DeviceMapping) bool {
	vendor, rest, qualified := strings.Cut(d.Source, "/")
	class, device, named := strings.Cut(rest, "=")
	return qualified && named && vendor != "" && class != "" && device != "" &&
		(d.Target == "" || d.Target == d.Source)
}

// deviceRequest asks for all devices unless a count or their names are given.
func deviceRequest(d types.DeviceRequest, capability string) container.DeviceRequest {
	capabilities := slices.Clone(d.Capabilities)
	if capability != "" && !slices.Contains(capabilities, capability) {
		capabilities = append(capabilities, capability)
	}
	r := container.DeviceRequest{Driver: d.Driver, Count: int(d.Count), DeviceIDs: d.IDs, Options: d.Options}
	if len(capabilities) > 0 {
		r.Capabilities = [][]string{capabilities}
	}
	if r.Count == 0 && len(r.DeviceIDs) == 0 {
		r.Count = -1
	}
	return r
}

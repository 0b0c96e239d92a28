package loader

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
)

// conflicts reports attributes of a service that exclude each other.
func (c *consistency) conflicts(name string, spec types.ServiceConfig) {
	if spec.NetworkMode != "" && c.has(name, "networks") && len(spec.Networks) > 0 {
		c.fail("network_mode and networks exclude each other", "remove one", "services", name, "network_mode")
	}
	if spec.GetScale() > 1 && spec.ContainerName != "" {
		attribute := []string{"services", name, "deploy", "replicas"}
		if c.has(name, "scale") {
			attribute = []string{"services", name, "scale"}
		}
		c.fail(fmt.Sprintf("container_name %q allows one replica only, not %d", spec.ContainerName, spec.GetScale()), "remove one of both", attribute...)
	}
	c.joinedNetwork(name, spec)
	c.equalToDeploy(name, spec)
	if h := spec.HealthCheck; h != nil && h.StartInterval != nil && h.StartPeriod == nil {
		c.refuse("start_interval needs a start_period", "set start_period", "services", name, "healthcheck", "start_interval")
	}
	if spec.Provider != nil && spec.Provider.Type == "compose" {
		c.refuse("compose is not a provider", "", "services", name, "provider", "type")
	}
	if spec.Develop != nil {
		c.watch(name, spec)
	}
	for i, hook := range spec.PreStart {
		if hook.PerReplica {
			c.refuse("per_replica is not supported", "remove it", "services", name, "pre_start", node.IndexElem(i), "per_replica")
		}
	}
}

// equalToDeploy reports limits that are given twice and differently.
func (c *consistency) equalToDeploy(name string, spec types.ServiceConfig) {
	differ := func(attribute, other string) {
		c.fail(fmt.Sprintf("differs from deploy.%s", other), "remove one, or make them equal", "services", name, attribute)
	}
	if spec.Deploy == nil {
		return
	}
	if written := c.service(name).At("deploy", "replicas"); spec.Scale != nil && written != nil && !written.Bad && node.Number(written) != float64(*spec.Scale) {
		differ("scale", "replicas")
	}
	if l := spec.Deploy.Resources.Limits; l != nil {
		if spec.CPUS != 0 && l.NanoCPUs.Value() != spec.CPUS {
			differ("cpus", "resources.limits.cpus")
		}
		if spec.MemLimit != 0 && l.MemoryBytes != spec.MemLimit {
			differ("mem_limit", "resources.limits.memory")
		}
		if spec.PidsLimit != 0 && l.Pids != spec.PidsLimit {
			differ("pids_limit", "resources.limits.pids")
		}
	}
	if r := spec.Deploy.Resources.Reservations; r != nil && spec.MemReservation != 0 && r.MemoryBytes != spec.MemReservation {
		differ("mem_reservation", "resources.reservations.memory")
	}
}

func (c *consistency) watch(name string, spec types.ServiceConfig) {
	for i, w := range spec.Develop.Watch {
		at := []string{"services", name, "develop", "watch", node.IndexElem(i)}
		if w.Target == "" && w.Action != types.WatchActionRebuild && w.Action != types.WatchActionRestart {
			c.fail(fmt.Sprintf("action %s needs a target", w.Action), "", at...)
		}
		if w.Action == types.WatchActionRebuild && !c.has(name, "build") {
			c.refuse("action rebuild needs a build section", "", at...)
		}
		if rules := c.service(name).At("develop", "watch"); w.Path == "" && rules != nil && i < len(rules.Items) && rules.Items[i].Get("path") != nil {
			c.fail("path is empty", "", at...)
		}
	}
}

// mounts reports targets that several mounts claim.
func (c *consistency) mounts(name string, spec types.ServiceConfig) {
	taken := map[string][]string{}
	claim := func(target string, at ...string) {
		if other, ok := taken[target]; ok {
			c.fail(fmt.Sprintf("%s is already the target of %s", target, node.Readable(other[2:])), "", at...)
			return
		}
		taken[target] = at
	}
	for i, t := range spec.Tmpfs {
		target, _, _ := strings.Cut(t, ":")
		claim(target, "services", name, "tmpfs", node.IndexElem(i))
	}
	for i, v := range spec.Volumes {
		claim(v.Target, "services", name, "volumes", node.IndexElem(i))
	}
	for i, r := range deviceRequests(spec) {
		if r.Count != 0 && len(r.IDs) > 0 && c.givesBoth(name, i) {
			c.fail("count and device_ids exclude each other", "remove one", "services", name, "deploy", "resources", "reservations", "devices", node.IndexElem(i))
		}
	}
}

func deviceRequests(spec types.ServiceConfig) []types.DeviceRequest {
	if spec.Deploy == nil || spec.Deploy.Resources.Reservations == nil {
		return nil
	}
	return spec.Deploy.Resources.Reservations.Devices
}

// givesBoth reports whether count is written beside device_ids: it has a
// default.
func (c *consistency) givesBoth(name string, i int) bool {
	devices := c.service(name).At("deploy", "resources", "reservations", "devices")
	return devices != nil && i < len(devices.Items) && devices.Items[i].Get("count") != nil
}

// resources checks what stands under volumes, configs and secrets.
func (c *consistency) resources() {
	if volumes := c.tree.Get("volumes"); volumes != nil {
		for _, f := range volumes.Fields {
			c.external("volumes", f, "name")
		}
	}
	c.files("configs", "config", []string{"file", "environment", "content"}, c.usersOf(func(s types.ServiceConfig) []string {
		var names []string
		for _, ref := range s.Configs {
			names = append(names, ref.Source)
		}
		return names
	}))
	c.files("secrets", "secret", []string{"file", "environment"}, c.usersOf(func(s types.ServiceConfig) []string {
		var names []string
		for _, ref := range s.Secrets {
			names = append(names, ref.Source)
		}
		return names
	}))
}

func (c *consistency) usersOf(refs func(types.ServiceConfig) []string) map[string]bool {
	used := map[string]bool{}
	for _, spec := range c.model.Services {
		for _, name := range refs(spec) {
			used[name] = true
		}
	}
	return used
}

// external reports what is said about an external resource beyond its name.
func (c *consistency) external(section string, f node.Field, allowed ...string) bool {
	ext := f.Node.Get("external")
	if ext == nil || ext.Value == false {
		return false
	}
	for _, other := range f.Node.Fields {
		if other.Key == "external" || strings.HasPrefix(other.Key, "x-") || len(allowed) > 0 && other.Key == allowed[0] {
			continue
		}
		c.s.fail(&Error{of: node.Owner{Section: section, Name: f.Key}, Pos: other.Pos, Path: section + "." + f.Key + "." + other.Key, Msg: "has no meaning for something external", Hint: "remove it or external"})
	}
	return true
}

// files checks configs or secrets: each has exactly one source, and those of a
// cluster cannot be used.
func (c *consistency) files(section, what string, sources []string, used map[string]bool) {
	top := c.tree.Get(section)
	if top == nil {
		return
	}
	for _, f := range top.Fields {
		if f.Node.Bad || f.Node.Kind != node.Mapping {
			continue
		}
		path, of := section+"."+f.Key, node.Owner{Section: section, Name: f.Key}
		var given []node.Field
		cluster := f.Node.Get("external") != nil && f.Node.Get("external").Value != false
		for _, a := range f.Node.Fields {
			switch {
			case a.Key == "driver" || a.Key == "template_driver" || a.Key == "external" && cluster:
				cluster = true
				if used[f.Key] {
					c.s.fail(&Error{of: of, shown: true, Pos: a.Pos, Path: path + "." + a.Key, Msg: "needs a cluster, an engine by itself cannot provide the " + what, Hint: "use " + hint.OrList(sources)})
				}
			case a.Key == "content" && section == "secrets":
				given = append(given, a)
			default:
				for _, s := range sources {
					if a.Key == s {
						given = append(given, a)
					}
				}
			}
		}
		switch {
		case len(given) > 1:
			c.s.fail(&Error{of: of, Pos: given[1].Pos, Path: path + "." + given[1].Key, Msg: given[0].Key + " and " + given[1].Key + " exclude each other", Hint: "remove one"})
		case len(given) == 0 && !cluster:
			c.s.fail(&Error{of: of, Pos: f.Pos, Path: path, Msg: "has no source", Hint: "give one of " + hint.OrList(sources)})
		}
	}
}

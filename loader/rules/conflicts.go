package rules

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
)

func networkModeOrNetworks(a *At) {
	if spec := a.spec(); spec.NetworkMode != "" && a.has("networks") && len(spec.Networks) > 0 {
		a.model("network_mode and networks exclude each other", a.rule.Fix, a.of("network_mode")...)
	}
}

func oneContainerName(a *At) {
	spec := a.spec()
	if spec.GetScale() <= 1 || spec.ContainerName == "" {
		return
	}
	attribute := a.of("deploy", "replicas")
	if a.has("scale") {
		attribute = a.of("scale")
	}
	a.model(fmt.Sprintf("container_name %q allows one replica only, not %d", spec.ContainerName, spec.GetScale()), a.rule.Fix, attribute...)
}

// maxNamesakes is how many services with one container name are named.
const maxNamesakes = 20

// containerNames reports services whose containers would have one name.
func containerNames(a *At) {
	taken := map[string][]string{}
	for _, name := range sortedKeys(a.run.p.Model.Services) {
		container := a.run.p.Model.Services[name].ContainerName
		if a.run.p.Stubs[name] || container == "" {
			continue
		}
		at := []string{"services", name, "container_name"}
		for _, other := range taken[container] {
			a.tell(Finding{
				Of: ownerOf(at), Pos: a.run.p.Positions.Of(at...), Path: node.Readable(at),
				Msg: fmt.Sprintf("container name %q is already used by service %s", container, other), With: other,
			})
		}
		if len(taken[container]) < maxNamesakes { // the plan sees the others
			taken[container] = append(taken[container], name)
		}
	}
}

func startInterval(a *At) {
	if h := a.spec().HealthCheck; h != nil && h.StartInterval != nil && h.StartPeriod == nil {
		a.model("start_interval needs a start_period", a.rule.Fix, a.of("healthcheck", "start_interval")...)
	}
}

func provider(a *At) {
	if p := a.spec().Provider; p != nil && p.Type == "compose" {
		a.model("provider type must not be \"compose\"", "", a.of("provider", "type")...)
	}
}

func hookReplicas(a *At) {
	for i, hook := range a.spec().PreStart {
		if hook.PerReplica {
			a.model("per_replica is not supported", a.rule.Fix, a.of("pre_start", node.IndexElem(i), "per_replica")...)
		}
	}
}

// equalToDeploy reports limits that are given twice and differently.
func equalToDeploy(a *At) {
	differ := func(attribute, other string) {
		a.model(fmt.Sprintf("differs from deploy.%s", other), a.rule.Fix, a.of(attribute)...)
	}
	spec := a.spec()
	if spec.Deploy == nil {
		return
	}
	written := a.Node.At("deploy", "replicas")
	if spec.Scale != nil && written != nil && !written.Bad && node.Number(written) != float64(*spec.Scale) {
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

// eachWatch calls check with every rule of develop.watch and where it is.
func eachWatch(a *At, check func(w types.Trigger, written *node.Node, at []string)) {
	if a.spec().Develop == nil {
		return
	}
	for i, w := range a.spec().Develop.Watch {
		var written *node.Node
		if rules := a.Node; rules != nil && i < len(rules.Items) {
			written = rules.Items[i]
		}
		check(w, written, a.of("develop", "watch", node.IndexElem(i)))
	}
}

func watchTarget(a *At) {
	eachWatch(a, func(w types.Trigger, _ *node.Node, at []string) {
		if w.Target == "" && w.Action != types.WatchActionRebuild && w.Action != types.WatchActionRestart {
			a.model(fmt.Sprintf("action %s needs a target", w.Action), "", at...)
		}
	})
}

func watchRebuild(a *At) {
	eachWatch(a, func(w types.Trigger, _ *node.Node, at []string) {
		if w.Action == types.WatchActionRebuild && !a.has("build") {
			a.model("action rebuild needs a build section", "", at...)
		}
	})
}

func watchPath(a *At) {
	eachWatch(a, func(w types.Trigger, written *node.Node, at []string) {
		if w.Path == "" && written.Get("path") != nil {
			a.model("path is empty", "", at...)
		}
	})
}

// mountsTwice reports targets that several mounts claim.
func mountsTwice(a *At) {
	taken := map[string][]string{}
	claim := func(target string, at ...string) {
		if other, ok := taken[target]; ok {
			a.model(fmt.Sprintf("%s is already the target of %s", target, node.Readable(other[2:])), "", at...)
			return
		}
		taken[target] = at
	}
	for i, t := range a.spec().Tmpfs {
		target, _, _ := strings.Cut(t, ":")
		claim(target, a.of("tmpfs", node.IndexElem(i))...)
	}
	for i, v := range a.spec().Volumes {
		claim(v.Target, a.of("volumes", node.IndexElem(i))...)
	}
}

// devices reports a count beside device_ids, if it is written: it has a default.
func devices(a *At) {
	d := a.spec().Deploy
	if d == nil || d.Resources.Reservations == nil {
		return
	}
	for i, r := range d.Resources.Reservations.Devices {
		if r.Count != 0 && len(r.IDs) > 0 && a.Node != nil && i < len(a.Node.Items) && a.Node.Items[i].Get("count") != nil {
			a.model("count and device_ids exclude each other", a.rule.Fix, a.of("deploy", "resources", "reservations", "devices", node.IndexElem(i))...)
		}
	}
}

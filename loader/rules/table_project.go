package rules

import (
	"slices"

	"github.com/musterdev/muster/project"
)

// togetherRules are about attributes that exclude or need each other.
func togetherRules() []Rule {
	return []Rule{
		{ID: "source", Severity: Rejected, AppliesTo: Declared, On: []string{"services.*"}, What: "a service without image, build or provider", Check: source},
		{ID: "dockerfile-twice", Severity: Rejected, AppliesTo: Declared, On: under(svc, "build.dockerfile_inline"), What: "dockerfile beside dockerfile_inline", Check: dockerfiles, Fix: "remove one"},
		{ID: "build-platforms", Severity: Rejected, AppliesTo: Declared, On: under(svc, "build.platforms"), What: "a build without the platform of the service", Check: buildPlatforms},
		{ID: "network-mode", Severity: Rejected, AppliesTo: Active, On: under(svc, "network_mode"), What: "network_mode beside networks", Check: networkModeOrNetworks, Fix: "remove one"},
		{ID: "replica-name", Severity: Rejected, AppliesTo: Active, On: under(svc, "container_name"), What: "one container name for several replicas", Check: oneContainerName, Fix: "remove one of both"},
		{ID: "host-name", Severity: Refused, AppliesTo: Active, On: under(svc, "uts"), What: "hostname beside uts: host", Check: hostName, Fix: "remove one"},
		{ID: "joined-network", Severity: Refused, AppliesTo: Active, On: under(svc, "ports", "expose", "dns", "extra_hosts", "hostname"), What: "network settings beside the network of another container", Check: joinedNetwork, Fix: "set it there, and remove it here"},
		{ID: "deploy-differs", Severity: Rejected, AppliesTo: Active, On: []string{"services.*"}, What: "a limit that differs from deploy", Check: equalToDeploy, Fix: "remove one, or make them equal"},
		{ID: "start-interval", Severity: Refused, AppliesTo: Active, On: under(svc, "healthcheck.start_interval"), What: "a start_interval without a start_period", Check: startInterval, Fix: "set start_period"},
		{ID: "provider", Severity: Refused, AppliesTo: Active, On: under(svc, "provider.type"), What: "the provider compose", Check: provider},
		{ID: "hook-replicas", Severity: Refused, AppliesTo: Active, On: under(svc, "pre_start"), What: "per_replica of a pre_start hook", Check: hookReplicas, Fix: "remove it"},
		{ID: "watch-target", Severity: Rejected, AppliesTo: Active, On: under(svc, "develop.watch"), What: "an action that needs a target", Check: watchTarget},
		{ID: "watch-rebuild", Severity: Refused, AppliesTo: Active, On: under(svc, "develop.watch"), What: "the action rebuild without a build", Check: watchRebuild},
		{ID: "watch-path", Severity: Rejected, AppliesTo: Active, On: under(svc, "develop.watch"), What: "an empty path", Check: watchPath},
		{ID: "mount-twice", Severity: Rejected, AppliesTo: Active, On: []string{"services.*"}, What: "two mounts with the same target", Check: mountsTwice},
		{ID: "devices", Severity: Rejected, AppliesTo: Active, On: under(svc, "deploy.resources.reservations.devices"), What: "count beside device_ids", Check: devices, Fix: "remove one"},
		{ID: "container-name-taken", Severity: Refused, AppliesTo: Active, On: []string{"services"}, What: "the same container name twice", Check: containerNames},
	}
}

// referenceRules are about what services need of each other and of resources.
func referenceRules() []Rule {
	return []Rule{
		{ID: "context-service", Severity: Rejected, AppliesTo: Declared, On: under(svc, "build.additional_contexts"), What: "a context of a service that is not built", Check: contextService},
		{ID: "undefined-resource", Severity: Rejected, AppliesTo: Active, On: []string{"services.*"}, What: "a resource that is not declared", Check: references},
		{ID: "undefined-service", Severity: Rejected, AppliesTo: Active, On: []string{"services.*"}, What: "a service that is not declared", Check: dependencies},
		{ID: "inactive-service", Severity: Rejected, AppliesTo: Active, On: []string{"services.*"}, What: "a needed service whose profile is not active", Check: sleepers},
		{ID: "dependency-cycle", Severity: Rejected, AppliesTo: Active, On: []string{"services"}, What: "services that depend on each other", Check: dependencyCycles},
	}
}

// effectRules are about what has no effect, or another one than it may seem.
func effectRules() []Rule {
	const cluster, owner = "needs a cluster and has no effect on a single engine", "give the content through environment:"
	return []Rule{
		{ID: "cluster", Severity: Warned, AppliesTo: Active, On: under(svc+"deploy.", "update_config", "rollback_config", "placement", "endpoint_mode", "labels"), What: "a setting for clusters", Check: clusterSection},
		{ID: "cluster-reservation", Severity: Warned, AppliesTo: Active, On: under(svc+"deploy.resources.reservations.", "cpus", "generic_resources", "pids"), What: "a reservation for clusters", Check: idle(cluster)},
		{ID: "cluster-mode", Severity: Warned, AppliesTo: Active, On: under(svc, "deploy.mode"), What: "a mode for clusters", Check: other(clusterMode, "replicated")},
		{ID: "windows", Severity: Warned, AppliesTo: Active, On: under(svc, "build.isolation"), What: "a setting for Windows containers", Check: other(windowsOnly, "default")},
		{ID: "pull-refresh", Severity: Warned, AppliesTo: Active, On: under(svc, "pull_refresh_after"), What: "pull_refresh_after", Check: idle("has no effect; use pull_policy: every_12h")},
		{ID: "port-mode", Severity: Warned, AppliesTo: Active, On: under(svc, "ports[].mode"), What: "an unknown mode of a port", Check: other(noEffect, "ingress", "host")},
		{ID: "network-mode-idle", Severity: Warned, AppliesTo: Active, On: under(svc, "ports", "expose", "links", "dns_search", "dns_opt", "domainname"), What: "a setting without effect with the network_mode", Check: idleNetwork},
		{ID: "unhealthy-idle", Severity: Warned, AppliesTo: Active, On: under(svc, project.ExtensionKey+".on_unhealthy"), What: "on_unhealthy: restart with the restart policy no", Check: unrestarted},
		{ID: "build-secret", Severity: Warned, AppliesTo: Active, On: under(svc+"build.secrets[].", "uid", "gid", "mode"), What: "owner or mode of a build secret", Check: buildSecret},
		{ID: "host-file", Severity: Warned, AppliesTo: Active, On: append(under(svc+"configs[].", "uid", "gid", "mode"), under(svc+"secrets[].", "uid", "gid", "mode")...), What: "owner or mode of a file of the host", Check: hostFile, Fix: owner},
		{ID: "text", Severity: Warned, AppliesTo: Active, On: texts(), What: "text that YAML changes", Check: changedText, Fix: "put it in quotes"},
		{ID: "decimal-mode", Severity: Warned, AppliesTo: Active, On: under(svc, "configs[].mode", "secrets[].mode", "volumes[].tmpfs.mode"), What: "a mode of decimal digits", Check: decimalMode},
		{ID: "misnamed-extension", Severity: Warned, AppliesTo: Declared, On: []string{"", "services.*"}, What: "a misspelt x-muster", Check: misnamed, Fix: "did you mean " + project.ExtensionKey + "?"},
		{ID: "initial-sync", Severity: Warned, AppliesTo: Declared, On: under(svc, "develop.watch[]."+project.OldInitialSync), What: "the old name of initial_sync", Check: oldInitialSync, Fix: "write initial_sync"},
	}
}

// texts are the values that end as text.
func texts() []string {
	return slices.Concat(
		under(svc, "environment.*", "labels.*", "annotations.*", "sysctls.*", "storage_opt.*", "logging.options.*", "build.args.*", "build.labels.*", "deploy.labels.*", "provider.options.*",
			"pre_start[].environment.*", "post_start[].environment.*", "pre_stop[].environment.*", "expose[]", "group_add[]", "ports[]", "ports[].target", "ports[].published",
			"volumes[].volume.labels.*", "networks.*.driver_opts.*"),
		under("networks.*.", "labels.*", "driver_opts.*", "ipam.options.*"), under("volumes.*.", "labels.*", "driver_opts.*"),
		[]string{"configs.*.labels.*", "secrets.*.labels.*"},
	)
}

// readingRules are reported by whoever reads the files, where it is seen.
func readingRules() []Rule {
	return []Rule{
		{ID: "version", Severity: Warned, On: []string{"version"}, What: "the obsolete version"},
		{ID: "rounded", Severity: Warned, What: "a number with more digits than are kept"},
		{ID: "old-boolean", Severity: Warned, What: "an old spelling of true or false"},
		{ID: "tag", Severity: Warned, What: "an unknown YAML tag"},
		{ID: "unset-variable", Severity: Warned, What: "a variable that is not set"},
		{ID: "kept-variable", Severity: Warned, On: []string{"include[].env_file"}, What: "variables of an included file where variables are kept as names"},
		{ID: "included-extension", Severity: Warned, On: []string{project.ExtensionKey}, What: "x-muster of an included file"},
		{ID: "unreadable", Severity: Warned, On: []string{"configs.*.file", "secrets.*.file"}, What: "a config or secret whose file cannot be read"},
		{ID: "several-files", Severity: Warned, What: "several files of default names"},
		{ID: "environment-file", Severity: Warned, What: "a .env that is not a regular file"},
		{ID: "linked-directory", Severity: Warned, What: "a project named after a symbolic link"},
		{ID: "unknown-profile", Severity: Warned, On: under(svc, "profiles"), What: "a profile that no service has"},
	}
}

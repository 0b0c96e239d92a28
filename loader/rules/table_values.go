package rules

import "slices"

// valueRules are about values that stand alone.
func valueRules() []Rule {
	return []Rule{
		{ID: "image-empty", Severity: Rejected, On: under(svc, "image"), What: "an image without a name", Check: imageEmpty},
		{ID: "image", Severity: Refused, On: under(svc, "image"), What: "an invalid image reference", Check: image},
		{ID: "container-name", Severity: Rejected, On: under(svc, "container_name"), What: "a container name without a single valid part", Check: containerName, Fix: containerNameFix},
		{ID: "container-name-characters", Severity: Refused, On: under(svc, "container_name"), What: "a container name with invalid characters", Check: containerName, Fix: containerNameFix},
		{ID: "platform", Severity: Refused, On: under(svc, "platform", "build.platforms[]"), What: "an invalid platform", Check: platform, Fix: PlatformFix},
		{ID: "restart-policy", Severity: Refused, On: under(svc, "restart"), What: "an unknown restart policy", Check: restart, Fix: "use no, always, unless-stopped or on-failure[:N]"},
		{ID: "restart-condition", Severity: Refused, On: under(svc, "deploy.restart_policy.condition"), What: "an unknown restart condition", Check: restartCondition, Fix: "use none, on-failure or any"},
		{ID: "restart-word", Severity: Warned, On: under(svc, "deploy.restart_policy.condition"), What: "a word of restart as a condition", Check: restartWord},
		{ID: "deploy-mode", Severity: Refused, On: under(svc, "deploy.mode"), What: "an unknown mode", Check: deployMode},
		{ID: "grace-period", Severity: Warned, On: under(svc, "stop_grace_period"), What: "a grace period of fractions of a second", Check: grace},
		{ID: "signal", Severity: Refused, On: under(svc, "stop_signal"), What: "an unknown signal", Check: signal},
		{ID: "cpus", Severity: Refused, On: under(svc, "cpus", "deploy.resources.limits.cpus"), What: "a CPU limit that is too small", Check: cpus},
		{ID: "health-test", Severity: Rejected, On: under(svc, "healthcheck.test"), What: "a test in list form that does not start with CMD, CMD-SHELL or NONE", Check: healthTest},
		{ID: "health-command", Severity: Refused, On: under(svc, "healthcheck.test"), What: "a test without a command", Check: healthCommand},
		{ID: "address", Severity: Refused, On: slices.Concat(under(svc, "dns[]", "networks.*.ipv4_address", "networks.*.ipv6_address", "networks.*.link_local_ips[]"),
			under("networks.*.ipam.config[].", "gateway", "aux_addresses.*")), What: "an invalid IP address", Check: address},
		{ID: "subnet", Severity: Refused, On: under("networks.*.ipam.config[].", "subnet", "ip_range"), What: "an invalid subnet", Check: subnet, Fix: "write 172.28.0.0/16"},
		{ID: "mac-address", Severity: Refused, On: under(svc, "mac_address", "networks.*.mac_address"), What: "an invalid MAC address", Check: mac, Fix: "write 02:42:ac:11:00:02"},
		{ID: "command", Severity: Rejected, On: under(svc, "command", "entrypoint"), What: "a quote that is not closed", Check: command, Fix: "write the command as a list"},
	}
}

// PlatformFix says how platforms are written.
const PlatformFix = "write os/architecture[/variant], such as linux/arm64"

const containerNameFix = "use at least two letters, digits, underscores, dots or hyphens, the first a letter or digit"

func portRules() []Rule {
	return []Rule{
		{ID: "port-count", Severity: Rejected, On: under(svc, "ports"), What: "more ports than one service may publish", Check: portCount, Fix: "publish fewer, or share the host's network with network_mode: host"},
		{ID: "port", Severity: Rejected, On: under(svc, "ports[]"), What: "an invalid port in short form", Check: shortPort},
		{ID: "port-target", Severity: Rejected, On: under(svc, "ports[]"), What: "a port without a target", Check: portTarget},
		{ID: "port-published", Severity: Refused, On: under(svc, "ports[].published"), What: "an invalid port or range of ports", Check: portPublished},
		{ID: "port-host", Severity: Rejected, On: under(svc, "ports[].host_ip"), What: "an invalid host address", Check: address},
		{ID: "port-protocol", Severity: Refused, On: under(svc, "ports[].protocol"), What: "an unknown protocol", Check: portProtocol, Fix: "use tcp, udp or sctp"},
		{ID: "expose", Severity: Refused, On: under(svc, "expose[]"), What: "an invalid port", Check: expose, Fix: "write 8080, 8000-8010 or 53/udp"},
	}
}

func mountRules() []Rule {
	on := under(svc, "volumes[]")
	return []Rule{
		{ID: "mount", Severity: Rejected, On: on, What: "an invalid mount in short form", Check: mountSyntax, Fix: "write SOURCE:TARGET[:ro]"},
		{ID: "mount-target", Severity: Refused, On: on, What: "a mount at a path that is not absolute", Check: mountTarget, Fix: "write SOURCE:/path[:ro]"},
		{ID: "mount-incomplete", Severity: Rejected, On: on, What: "a mount in long form without target or source", Check: longMount},
		{ID: "mount-windows", Severity: Warned, On: on, What: "an anonymous volume at a Windows path", Check: windowsMount},
		{ID: "mount-option", Severity: Warned, On: on, What: "an unknown option of a mount", Check: mountOption},
		{ID: "mount-type", Severity: Warned, On: on, What: "options for another type of mount", Check: mountType},
	}
}

// listRules are about the items of lists.
func listRules() []Rule {
	named := under(svc, "environment[]", "labels[]", "annotations[]", "sysctls[]", "deploy.labels[]", "build.args[]", "build.labels[]", "build.additional_contexts[]", "build.ssh[]")
	return []Rule{
		{ID: "repeated", Severity: Warned, On: sortedKeys(identities()), What: "the same entry twice in one list", Check: repeated(), Fix: "remove one"},
		{ID: "item-name", Severity: Refused, On: slices.Concat(named, sections("labels[]")), What: "an item without a name", Check: itemName, Fix: "write NAME=value"},
		{ID: "variable-name", Severity: Rejected, On: under(svc, "environment[]"), What: "white space behind a name", Check: variableName, Fix: "write NAME=value"},
		{ID: "context-name", Severity: Rejected, On: under(svc, "build.additional_contexts[]"), What: "a context without a value", Check: assigned(""), Fix: "write NAME=CONTEXT"},
		{ID: "context", Severity: Rejected, On: under(svc, "build.additional_contexts"), What: "a context that is not a string", Check: contextText},
		{ID: "ssh-key", Severity: Rejected, On: under(svc, "build.ssh[]"), What: "a key without a path", Check: assigned("default"), Fix: "write NAME=PATH, or default for the agent"},
		{ID: "option-text", Severity: Rejected, On: append(under(svc, "storage_opt.*"), "secrets.*.driver_opts.*"), What: "an option that is neither a string nor an integer", Check: text, Fix: "put it in quotes"},
		{ID: "extra-host", Severity: Rejected, On: under(svc, "extra_hosts[]", "build.extra_hosts[]"), What: "a host without an address", Check: extraHost, Fix: "write host=address"},
		{ID: "extra-host-name", Severity: Rejected, On: under(svc, "extra_hosts", "build.extra_hosts"), What: "an invalid host name", Check: extraHostName},
	}
}

// resourceRules are about networks, volumes, configs and secrets.
func resourceRules() []Rule {
	files := []string{"configs.*", "secrets.*"}
	return []Rule{
		{ID: "external-name", Severity: Rejected, On: sections("external"), What: "two different names of an external resource", Check: externalName, Fix: "remove the one in external"},
		{ID: "external-form", Severity: Warned, On: sections("external"), What: "the old form of external", Check: oldExternal, Fix: "write external: true, and name beside it"},
		{ID: "external", Severity: Rejected, AppliesTo: Active, On: []string{"volumes.*"}, What: "attributes of an external volume", Check: externalAlone, Fix: "remove it, or remove external: true"},
		{ID: "cluster-file", Severity: Refused, AppliesTo: Active, On: files, What: "a config or secret that needs a cluster", Check: clusterFile},
		{ID: "file-source", Severity: Rejected, AppliesTo: Active, On: files, What: "a config or secret without a source, or with several", Check: oneSource},
	}
}

// Package attributes has a case for each attribute of a Compose file that a running
// container shows. The tests of requests write every case and read it back; those
// of the engine run it.
package attributes

import "strings"

// Case is a running container, seen from inside and by inspection. The
// service's image, and where it says nothing of them its command and init, are
// added. IMAGE, PORT, DISK, MACHINE and NAME stand for the test image, a free port, a
// disk and the name of this machine, and the name of the project. On an engine others
// take the place of networks of 10.213, which another run may have.
type Case struct {
	Name    string
	Web     string // the service
	More    string // the rest of the file
	Shell   string // run in the container, which is only created if there is none
	Want    string // its output; what a line that begins with ~ must contain
	Inspect string // [network NAME|volume NAME] template of docker inspect = what it must print
}

// Cases are the attributes on a real engine. Those whose names begin with
// cgroup: look at control groups of version 1; where the engine has version 2,
// what it says itself has to do.
func Cases() []Case {
	return []Case{
		{"environment", `{environment: {B: "2", A: "$$x y"}}`, "", "echo $A-$B", "$x y-2", ""},
		{"user and groups", `{user: "7:8", group_add: ["99"]}`, "", "id -u; id -g; id -G", "7\n8\n8 99", ""},
		{"working_dir", `{working_dir: /made/up}`, "", "pwd", "/made/up", ""},
		{"hostname", `{hostname: front, domainname: example.org}`, "", "cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname", "front\nexample.org", ""},
		{"tty", `{tty: true}`, "", "readlink /proc/1/fd/1", "~/dev/pts/0", ""},
		{"stdin_open", `{stdin_open: true}`, "", "readlink /proc/1/fd/0 | cut -d: -f1", "pipe", ""},
		{"init", `{labels: {a: b}}`, "", "cat /proc/1/comm", "docker-init", ""},
		{"read_only and tmpfs", `{read_only: true, tmpfs: ["/scratch:size=1m"]}`, "", "touch /x 2>&1; touch /scratch/y && df -k /scratch | tail -1 | awk '{print $2}'", "~Read-only file system\n~1024", ""},
		{"cap_drop", `{cap_drop: [ALL], cap_add: [NET_RAW]}`, "", "grep CapEff /proc/1/status | cut -f2", "0000000000002000", ""},
		{"no-new-privileges", `{security_opt: ["no-new-privileges:true"]}`, "", "grep NoNewPrivs /proc/1/status | cut -f2", "1", ""},
		{"seccomp profile", `{security_opt: ["seccomp=profile.json"]}`, "", "mkdir /x 2>&1 || ls /x 2>&1 | wc -l", "~Operation not permitted", ""},
		{"systempaths", `{security_opt: ["systempaths=unconfined"]}`, "", "grep -c ' /proc/[a-z]' /proc/mounts", "0", ""},
		{"ulimits", `{ulimits: {nofile: {soft: 1000, hard: 2000}, core: 0, nproc: 4096}}`, "", "grep -E 'open files|core|processes' /proc/1/limits | tr -s ' ' | sed 's/ $//'", "Max core file size 0 0 bytes\nMax processes 4096 4096 processes\nMax open files 1000 2000 files", ""},
		{"sysctls", `{sysctls: {net.ipv4.ip_unprivileged_port_start: "77"}}`, "", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start", "77", ""},
		{"shm_size", `{shm_size: 3m}`, "", "df -k /dev/shm | tail -1 | awk '{print $2}'", "3072", ""},
		{"oom_score_adj", `{oom_score_adj: 500}`, "", "cat /proc/1/oom_score_adj", "500", ""},
		{"devices", `{devices: ["/dev/null:/dev/nil:rw"]}`, "", "ls -l /dev/nil | cut -c1; echo x > /dev/nil && echo ok", "c\nok", ""},
		{"devices in long form", `{devices: [{source: /dev/null, target: /dev/nil, permissions: r}]}`, "", "ls -l /dev/nil | cut -c1", "c", "{{with index .HostConfig.Devices 0}}{{.PathOnHost}} {{.CgroupPermissions}}{{end}} = /dev/null r"},
		{"dns", `{dns: [9.9.9.9], dns_search: [a.example], dns_opt: ["ndots:3"], network_mode: bridge}`, "", "cat /etc/resolv.conf", "~nameserver 9.9.9.9\n~search a.example\n~ndots:3", ""},
		{"extra_hosts", `{extra_hosts: ["zulu=10.9.8.7", "six=[fd00::1]"]}`, "", "grep -E 'zulu|six' /etc/hosts | tr '\\t' ' ' | sort", "10.9.8.7 zulu\nfd00::1 six", ""},
		{"extra_hosts as a mapping", `{extra_hosts: {zulu: 10.9.8.7, many: [10.1.1.1, 10.1.1.2]}}`, "", "grep -E 'zulu|many' /etc/hosts | tr '\\t' ' ' | sort", "10.1.1.1 many\n10.1.1.2 many\n10.9.8.7 zulu", ""},
		{"ipc private, pid host", `{pid: host}`, "", "[ $(ls /proc 2>/dev/null | grep -c '^[0-9]') -gt 5 ] && echo many", "many", ""},
		{"uts host", `{uts: host}`, "", "cat /proc/sys/kernel/hostname", "MACHINE", ""},
		{"network_mode none", `{network_mode: none}`, "", "ls /sys/class/net", "lo", ""},
		{"network_mode host", `{network_mode: host}`, "", "[ $(ls /sys/class/net | wc -l) -gt 1 ] && echo many", "many", ""},
		{"mac_address", `{mac_address: 02:42:ac:77:00:09, networks: [a, b]}`, "networks: {a: {}, b: {}}", "cat /sys/class/net/*/address | grep 77", "02:42:ac:77:00:09", ""},
		{"mac_address of a network", `{networks: {a: {mac_address: 02:42:ac:77:00:0a}}}`, "networks: {a: {}}", "cat /sys/class/net/*/address | grep 77", "02:42:ac:77:00:0a", ""},
		{"static addresses", `{networks: {a: {ipv4_address: 10.213.1.9}, b: {ipv4_address: 10.213.2.9}}}`,
			"networks: {a: {ipam: {config: [{subnet: 10.213.1.0/24}]}}, b: {ipam: {config: [{subnet: 10.213.2.0/24, gateway: 10.213.2.77}]}}}",
			"ip -4 addr | grep -o '10.213.[12].9' | sort; ip route | grep -c default", "10.213.1.9\n10.213.2.9\n1", ""},
		{"binds", `{volumes: ["./file.txt:/file:ro", "./made/here:/made"]}`, "", "cat /file; touch /file 2>&1; touch /made/x && echo ok", "~from a file\n~Read-only\n~ok", ""},
		{"bind of a path with a colon", `{volumes: [{type: bind, source: "./file.txt", target: "/a:b"}]}`, "", "cat /a:b", "from a file", ""},
		{"volumes", `{volumes: ["v:/v", /anon, "v:/again:ro"]}`, "volumes: {v: {}}", "echo x > /v/f && cat /again/f && touch /anon/y && touch /again/z 2>&1", "~x\n~Read-only", ""},
		{"volume of a driver", `{volumes: ["v:/v"]}`, "volumes: {v: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: 'size=2m'}}}", "df -k /v | tail -1 | awk '{print $2}'", "2048", ""},
		{"tmpfs mount", `{volumes: [{type: tmpfs, target: /t, tmpfs: {size: 2m, mode: 0o750}}]}`, "", "df -k /t | tail -1 | awk '{print $2}'; stat -c %a /t", "2048\n750", ""},
		{"files", `{configs: [c, {source: i, target: /etc/deep/er/i}], secrets: [s, t]}`,
			"configs: {c: {file: ./file.txt}, i: {content: inline}}\nsecrets: {s: {file: ./file.txt}, t: {environment: TOKEN}}",
			"cat /c /run/secrets/s /etc/deep/er/i; echo; cat /run/secrets/t; echo; stat -c '%a %u %g' /run/secrets/t", "from a file\nfrom a file\ninline\ns3cret\n440 7 8", ""},
		{"secrets of a read_only service", `{read_only: true, secrets: [s, t]}`, "secrets: {s: {file: ./file.txt}, t: {environment: TOKEN}}",
			"cat /run/secrets/s /run/secrets/t; stat -c ' %a' /run/secrets/t", "from a file\ns3cret 440", ""},
		{"secrets below a tmpfs", `{tmpfs: [/run], secrets: [t]}`, "secrets: {t: {environment: TOKEN}}", "cat /run/secrets/t", "s3cret", ""},
		{"cpu and memory limits", `{cpus: 0.5, mem_limit: 64m, pids_limit: 50, cpu_shares: 512}`, "",
			"cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null", "67108864\n50", ""},
		{"cgroup private", `{cgroup: private}`, "", "cut -d: -f3 /proc/1/cgroup | sort -u", "/", ""},
		{"use_api_socket", `{use_api_socket: true}`, "", "ls -l /var/run/docker.sock | cut -c1; echo $DOCKER_CONFIG; head -c1 $DOCKER_CONFIG/config.json", "s\n/run/secrets/docker\n{", ""},
		{"command and entrypoint", `{entrypoint: [sleep], command: ["2000"], init: false}`, "", "tr '\\0' ' ' < /proc/1/cmdline", "sleep 2000", ""},
		{"ipc private", `{ipc: private}`, "", "", "", "{{.HostConfig.IpcMode}} = private"},
		{"privileged", `{privileged: true}`, "", "", "", "{{.HostConfig.Privileged}} = true"},
		{"oom_score_adj below zero", `{oom_score_adj: -100}`, "", "", "", "{{.HostConfig.OomScoreAdj}} = -100"},
		{"cpuset", `{cpuset: "0"}`, "", "grep Cpus_allowed_list /proc/1/status | cut -f2", "0", ""},
		{"cgroup: cpu", `{cpu_period: 50000, cpu_quota: 25000, cpu_shares: 512}`, "",
			"cd /sys/fs/cgroup/cpu; cat cpu.cfs_period_us cpu.cfs_quota_us cpu.shares", "50000\n25000\n512",
			"{{.HostConfig.CpuPeriod}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuShares}} = 50000 25000 512"},
		{"cgroup: memory", `{mem_limit: 64m, mem_reservation: 32m, memswap_limit: 96m, mem_swappiness: 10, oom_kill_disable: true}`, "",
			"cd /sys/fs/cgroup/memory; cat memory.limit_in_bytes memory.soft_limit_in_bytes memory.memsw.limit_in_bytes memory.swappiness; head -1 memory.oom_control",
			"67108864\n33554432\n100663296\n10\noom_kill_disable 1",
			"{{.HostConfig.Memory}} {{.HostConfig.MemoryReservation}} {{.HostConfig.MemorySwap}} = 67108864 33554432 100663296"},
		{"cgroup: deploy.resources", `{deploy: {resources: {limits: {cpus: "0.5", memory: 64m, pids: 20}, reservations: {memory: 32m}}}}`, "",
			"cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes pids/pids.max memory/memory.soft_limit_in_bytes", "50000\n67108864\n20\n33554432",
			"{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.MemoryReservation}} = 500000000 67108864 20 33554432"},
		{"cgroup: blkio_config", `{blkio_config: {device_read_bps: [{path: DISK, rate: 1mb}], device_read_iops: [{path: DISK, rate: 120}], device_write_bps: [{path: DISK, rate: 2mb}], device_write_iops: [{path: DISK, rate: 30}]}}`, "",
			"cd /sys/fs/cgroup/blkio; cut -d' ' -f2 blkio.throttle.read_bps_device blkio.throttle.read_iops_device blkio.throttle.write_bps_device blkio.throttle.write_iops_device", "1048576\n120\n2097152\n30",
			"{{(index .HostConfig.BlkioDeviceReadBps 0).Rate}} {{(index .HostConfig.BlkioDeviceWriteIOps 0).Rate}} = 1048576 30"},
		{"cgroup: device_cgroup_rules", `{device_cgroup_rules: ["c 10:99 rw"]}`, "", "grep 'c 10:99' /sys/fs/cgroup/devices/devices.list", "c 10:99 rw", "{{.HostConfig.DeviceCgroupRules}} = [c 10:99 rw]"},
		{"cgroup: cgroup_parent", `{cgroup_parent: docker-attributes.slice}`, "", "grep -c docker-attributes.slice /proc/1/cgroup | tr -s '1-9' y", "~y", "{{.HostConfig.CgroupParent}} = docker-attributes.slice"},
		{"runtime", `{runtime: runc, userns_mode: host}`, "", "cat /proc/1/uid_map | tr -s ' '", "0 0 4294967295", "{{.HostConfig.Runtime}} {{.HostConfig.UsernsMode}} = runc host"},
		{"healthcheck", `{healthcheck: {test: "echo beat", interval: 1h, timeout: 2s, retries: 4, start_period: 3s}}`, "", "", "",
			"{{json .Config.Healthcheck}} = {\"Test\":[\"CMD-SHELL\",\"echo beat\"],\"Interval\":3600000000000,\"Timeout\":2000000000,\"StartPeriod\":3000000000,\"Retries\":4}"},
		{"healthcheck disabled", `{healthcheck: {disable: true}}`, "", "", "", "{{.Config.Healthcheck.Test}} = [NONE]"},
		{"restart", `{restart: "on-failure:3"}`, "", "", "", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} = on-failure 3"},
		{"restart by deploy", `{deploy: {restart_policy: {condition: on-failure, max_attempts: 5}}}`, "", "", "", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} = on-failure 5"},
		{"stop", `{stop_signal: SIGUSR1, stop_grace_period: 1500ms}`, "", "", "", "{{.Config.StopSignal}} {{.Config.StopTimeout}} = SIGUSR1 2"},
		{"logging", `{logging: {driver: json-file, options: {max-size: 1m}}}`, "", "", "", "{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config \"max-size\"}} = json-file 1m"},
		{"platform", `{platform: linux}`, "", "", "", "{{.Platform}} = linux"},
		{"ports and expose", `{ports: [{target: 80, published: "PORT", host_ip: 127.0.0.1, protocol: tcp, name: web, app_protocol: http, mode: host}], expose: ["81/udp"]}`, "", "echo running", "running",
			"{{range (index .NetworkSettings.Ports \"80/tcp\")}}{{.HostIp}}:{{.HostPort}}{{end}} {{index .Config.ExposedPorts \"81/udp\"}} = 127.0.0.1:PORT map[]"},
		{"bind options", `{volumes: [{type: bind, source: /, target: /host, read_only: true, bind: {recursive: disabled, create_host_path: false}}, {type: bind, source: ., target: /p, consistency: cached, bind: {propagation: private, selinux: z}}]}`, "",
			"ls /host/proc | wc -l; touch /host/x 2>&1; touch /p/y && echo ok", "~0\n~Read-only\n~ok", "{{range .Mounts}}{{if eq .Destination \"/p\"}}{{.Propagation}} {{.Mode}}{{end}}{{end}} = private rw,cached,z,private"},
		{"volume options", `{volumes: [{type: volume, source: v, target: /etc, volume: {nocopy: true}}, {type: volume, target: /var, volume: {labels: {tier: fast}}}]}`, "volumes: {v: {}}",
			"[ -e /etc/passwd ] || echo empty", "empty", "{{(index .HostConfig.Mounts 0).VolumeOptions.Labels.tier}} = fast"},
		{"tmpfs mount with a sticky bit", `{volumes: [{type: tmpfs, target: /t, tmpfs: {mode: 0o1777}}]}`, "", "stat -c %a /t", "1777", ""},
		{"network attributes", `{networks: {a: {aliases: [api], ipv6_address: "fd00:77::9", link_local_ips: [169.254.8.8], driver_opts: {com.example: "1"}}}}`,
			"networks: {a: {driver: bridge, driver_opts: {com.docker.network.driver.mtu: \"1400\"}, internal: true, attachable: true, enable_ipv6: true, ipam: {driver: default, config: [{subnet: 10.213.3.0/24, ip_range: 10.213.3.128/25, gateway: 10.213.3.77, aux_addresses: {router: 10.213.3.128}}, {subnet: \"fd00:77::/64\"}]}}}",
			"cat /sys/class/net/eth0/mtu; ip addr | grep -oE 'fd00:77::9|169.254.8.8|10.213.3.129' | sort; nslookup api 127.0.0.11 | grep -c 10.213.3.129", "1400\n10.213.3.129\n169.254.8.8\nfd00:77::9\n1",
			"{{range .NetworkSettings.Networks}}{{.DriverOpts}}{{end}} = map[com.example:1]"},
		{"network by inspection", `{networks: [a]}`, "networks: {a: {name: NAME-net, internal: true, attachable: true, enable_ipv4: true, ipam: {driver: default, options: {a: b}}}}", "", "",
			"network NAME-net {{.Internal}} {{.Attachable}} {{.IPAM.Driver}} {{.IPAM.Options}} = true true default map[a:b]"},
		{"volume by inspection", `{volumes: ["v:/v"]}`, "volumes: {v: {name: NAME-vol, driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: 'size=2m'}}}", "", "",
			"volume NAME-vol {{.Driver}} {{.Options.o}} = local size=2m"},
		{"gateway of a network", `{networks: [a]}`, "networks: {a: {ipam: {config: [{subnet: 10.213.4.0/24, gateway: 10.213.4.77}]}}}", "ip route | grep default | cut -d' ' -f3", "10.213.4.77", ""},
		{"priority of a network", `{networks: {a: {}, b: {priority: 5}}}`, "networks: {a: {}, b: {name: NAME-first}}", "", "", "{{.HostConfig.NetworkMode}} = NAME-first"},
	}
}

// Compose is the case's file.
func (c Case) Compose(image string) string {
	web := "{image: " + image + ", "
	if !strings.Contains(c.Web, "command:") {
		web += `command: [sleep, "1000"], `
	}
	if !strings.Contains(c.Web, "init:") {
		web += "init: true, "
	}
	return "services:\n  web: " + strings.Replace(c.Web, "{", web, 1) + "\n" + c.More + "\n"
}

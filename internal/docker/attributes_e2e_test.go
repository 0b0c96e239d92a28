//go:build e2e

package docker_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence"
)

// TestAttributes starts a container for each attribute and looks at it from
// inside. The command's output must be want; a line that begins with ~ must be
// contained.
func TestAttributes(t *testing.T) {
	for i, tc := range []struct {
		name string
		web  string // the service, but for its image and command
		more string // the rest of the file
		sh   string
		want string
	}{
		{"environment", `{environment: {B: "2", A: "$$x y"}}`, "", "echo $A-$B", "$x y-2"},
		{"user and groups", `{user: "7:8", group_add: ["99"]}`, "", "id -u; id -g; id -G", "7\n8\n8 99"},
		{"working_dir", `{working_dir: /made/up}`, "", "pwd", "/made/up"},
		{"hostname", `{hostname: front, domainname: example.org}`, "", "cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname", "front\nexample.org"},
		{"tty", `{tty: true}`, "", "readlink /proc/1/fd/1", "~/dev/pts/0"},
		{"stdin_open", `{stdin_open: true}`, "", "readlink /proc/1/fd/0 | cut -d: -f1", "pipe"},
		{"init", `{labels: {a: b}}`, "", "cat /proc/1/comm", "docker-init"},
		{"read_only and tmpfs", `{read_only: true, tmpfs: ["/scratch:size=1m"]}`, "", "touch /x 2>&1; touch /scratch/y && df -k /scratch | tail -1 | awk '{print $2}'", "~Read-only file system\n~1024"},
		{"cap_drop", `{cap_drop: [ALL], cap_add: [NET_RAW]}`, "", "grep CapEff /proc/1/status | cut -f2", "0000000000002000"},
		{"no-new-privileges", `{security_opt: ["no-new-privileges:true"]}`, "", "grep NoNewPrivs /proc/1/status | cut -f2", "1"},
		{"seccomp profile", `{security_opt: ["seccomp=profile.json"]}`, "", "mkdir /x 2>&1 || ls /x 2>&1 | wc -l", "~Operation not permitted"},
		{"systempaths", `{security_opt: ["systempaths=unconfined"]}`, "", "grep -c ' /proc/[a-z]' /proc/mounts", "0"},
		{"ulimits", `{ulimits: {nofile: {soft: 1000, hard: 2000}, core: 0}}`, "", "ulimit -Sn; ulimit -Hn; ulimit -c", "1000\n2000\n0"},
		{"sysctls", `{sysctls: {net.ipv4.ip_unprivileged_port_start: "77"}}`, "", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start", "77"},
		{"shm_size", `{shm_size: 3m}`, "", "df -k /dev/shm | tail -1 | awk '{print $2}'", "3072"},
		{"oom_score_adj", `{oom_score_adj: 500}`, "", "cat /proc/1/oom_score_adj", "500"},
		{"devices", `{devices: ["/dev/null:/dev/nil:rw"]}`, "", "ls -l /dev/nil | cut -c1; echo x > /dev/nil && echo ok", "c\nok"},
		{"dns", `{dns: [9.9.9.9], dns_search: [a.example], dns_opt: ["ndots:3"], network_mode: bridge}`, "", "cat /etc/resolv.conf", "~nameserver 9.9.9.9\n~search a.example\n~ndots:3"},
		{"extra_hosts", `{extra_hosts: ["zulu=10.9.8.7", "six=[fd00::1]"]}`, "", "grep -E 'zulu|six' /etc/hosts | tr '\\t' ' ' | sort", "10.9.8.7 zulu\nfd00::1 six"},
		{"ipc private, pid host", `{pid: host}`, "", "[ $(ls /proc 2>/dev/null | grep -c '^[0-9]') -gt 5 ] && echo many", "many"},
		{"uts host", `{uts: host}`, "", "cat /proc/sys/kernel/hostname", hostname()},
		{"network_mode none", `{network_mode: none}`, "", "ls /sys/class/net", "lo"},
		{"network_mode host", `{network_mode: host}`, "", "[ $(ls /sys/class/net | wc -l) -gt 1 ] && echo many", "many"},
		{"mac_address", `{mac_address: 02:42:ac:77:00:09, networks: [a, b]}`, "networks: {a: {}, b: {}}", "cat /sys/class/net/*/address | grep 77", "02:42:ac:77:00:09"},
		{"mac_address of a network", `{networks: {a: {mac_address: 02:42:ac:77:00:0a}}}`, "networks: {a: {}}", "cat /sys/class/net/*/address | grep 77", "02:42:ac:77:00:0a"},
		{"static addresses", `{networks: {a: {ipv4_address: 10.213.1.9}, b: {ipv4_address: 10.213.2.9}}}`,
			"networks: {a: {ipam: {config: [{subnet: 10.213.1.0/24}]}}, b: {ipam: {config: [{subnet: 10.213.2.0/24, gateway: 10.213.2.77}]}}}",
			"ip -4 addr | grep -o '10.213.[12].9' | sort; ip route | grep -c default", "10.213.1.9\n10.213.2.9\n1"},
		{"binds", `{volumes: ["./file.txt:/file:ro", "./made/here:/made"]}`, "", "cat /file; touch /file 2>&1; touch /made/x && echo ok", "~from a file\n~Read-only\n~ok"},
		{"bind of a path with a colon", `{volumes: [{type: bind, source: "./file.txt", target: "/a:b"}]}`, "", "cat /a:b", "from a file"},
		{"volumes", `{volumes: ["v:/v", /anon, "v:/again:ro"]}`, "volumes: {v: {}}", "echo x > /v/f && cat /again/f && touch /anon/y && touch /again/z 2>&1", "~x\n~Read-only"},
		{"volume of a driver", `{volumes: ["v:/v"]}`, "volumes: {v: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: 'size=2m'}}}", "df -k /v | tail -1 | awk '{print $2}'", "2048"},
		{"tmpfs mount", `{volumes: [{type: tmpfs, target: /t, tmpfs: {size: 2m, mode: 0o750}}]}`, "", "df -k /t | tail -1 | awk '{print $2}'; stat -c %a /t", "2048\n750"},
		{"files", `{configs: [c, {source: i, target: /etc/deep/er/i}], secrets: [s, t]}`,
			"configs: {c: {file: ./file.txt}, i: {content: inline}}\nsecrets: {s: {file: ./file.txt}, t: {environment: TOKEN}}",
			"cat /c /run/secrets/s /etc/deep/er/i; echo; cat /run/secrets/t; echo; stat -c '%a %u %g' /run/secrets/t", "from a file\nfrom a file\ninline\ns3cret\n440 7 8"},
		{"secrets of a read_only service", `{read_only: true, secrets: [s, t]}`, "secrets: {s: {file: ./file.txt}, t: {environment: TOKEN}}",
			"cat /run/secrets/s /run/secrets/t; stat -c ' %a' /run/secrets/t", "from a file\ns3cret 440"},
		{"secrets below a tmpfs", `{tmpfs: [/run], secrets: [t]}`, "secrets: {t: {environment: TOKEN}}", "cat /run/secrets/t", "s3cret"},
		{"cpu and memory limits", `{cpus: 0.5, mem_limit: 64m, pids_limit: 50, cpu_shares: 512}`, "",
			"cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null", "67108864\n50"},
		{"cgroup private", `{cgroup: private}`, "", "cut -d: -f3 /proc/1/cgroup | sort -u", "/"},
		{"use_api_socket", `{use_api_socket: true}`, "", "ls -l /var/run/docker.sock | cut -c1; echo $DOCKER_CONFIG; head -c1 $DOCKER_CONFIG/config.json", "s\n/run/secrets/docker\n{"},
		{"labels and expose", `{expose: ["81"], stop_signal: SIGUSR1, stop_grace_period: 500ms}`, "", "echo ok", "ok"},
		{"logging", `{logging: {driver: json-file, options: {max-size: 1m}}}`, "", "echo ok", "ok"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, fmt.Sprintf("docker-attr%d-%d", os.Getpid(), i),
				"services:\n  web: "+strings.Replace(tc.web, "{", `{image: IMAGE, command: [sleep, "1000"], init: true, `, 1)+"\n"+tc.more+"\n")
			if got := s.sh(s.up(s.spec("web")), tc.sh); !says(got, tc.want) {
				t.Errorf("%s\nsays %q\nwant %q", tc.sh, got, tc.want)
			}
		})
	}
}

func says(got, want string) bool {
	if !strings.HasPrefix(want, "~") {
		return got == want
	}
	for line := range strings.Lines(want) {
		if !strings.Contains(got, strings.TrimPrefix(strings.TrimSpace(line), "~")) {
			return false
		}
	}
	return true
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return err.Error()
	}
	return name
}

// TestNamespacesOfAService joins another service's namespaces and volumes.
func TestNamespacesOfAService(t *testing.T) {
	s := newStage(t, fmt.Sprintf("docker-ns%d", os.Getpid()), `
services:
  db: {image: IMAGE, command: [sleep, "1000"], init: true, ipc: shareable, hostname: db, volumes: [/shared]}
  web: {image: IMAGE, command: [sleep, "1000"], network_mode: "service:db", pid: "service:db", ipc: "service:db", volumes_from: [db]}
`)
	db := s.up(s.spec("db"))
	s.sh(db, "echo hello > /shared/x")
	spec := s.spec("web")
	spec.Refs["db"] = db
	web := s.up(spec)
	if got := s.sh(web, "cat /shared/x /proc/sys/kernel/hostname; ps | grep -c 'sleep 1000'"); !strings.HasPrefix(got, "hello\ndb") {
		t.Errorf("web sees %q", got)
	}
	for _, ns := range []string{"net", "ipc", "pid"} {
		if a, b := s.sh(db, "readlink /proc/self/ns/"+ns), s.sh(web, "readlink /proc/self/ns/"+ns); a != b {
			t.Errorf("%s namespaces differ: %s and %s", ns, a, b)
		}
	}
}

// TestNames resolves services, aliases, links and a successor's final name.
func TestNames(t *testing.T) {
	s := newStage(t, fmt.Sprintf("docker-names%d", os.Getpid()), `
services:
  db: {image: IMAGE, command: [sleep, "1000"], init: true, networks: {back: {aliases: [store]}}}
  web: {image: IMAGE, command: [sleep, "1000"], init: true, links: ["db:database"], networks: {front: {priority: 5}, back: {}}}
networks: {front: {}, back: {}}
`)
	db := s.up(s.spec("db"))
	spec := s.spec("web")
	spec.Name = "0123456789ab_" + spec.Name // as the successor of another
	web := s.up(spec)
	for _, name := range []string{"db", "store", "database", "db-1", db.Name} {
		if got := s.sh(web, "nslookup "+name+" 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
			t.Errorf("web cannot resolve %s", name)
		}
	}
	for _, name := range []string{"web", s.p.Name + "-web-1"} {
		if got := s.sh(db, "nslookup "+name+" 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
			t.Errorf("db cannot resolve %s", name)
		}
	}
	// A network that is connected again has everything it had.
	ref := convergence.Ref{ID: web.ID, Name: web.Name}
	back := s.p.Network("back")
	s.must(s.engine.DisconnectNetwork(t.Context(), ref, back.Name))
	s.must(s.engine.DisconnectNetwork(t.Context(), ref, back.Name)) // already so
	s.must(s.engine.ConnectNetwork(t.Context(), ref, convergence.EndpointSpec{
		Project: s.p, Service: s.p.Service("web"), Network: back, Container: s.p.Name + "-web-1",
	}))
	if got := s.sh(web, "nslookup database 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
		t.Error("web lost its link when it was connected again")
	}
	if got := s.sh(db, "nslookup web 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
		t.Error("web lost its alias when it was connected again")
	}
}

// TestInheritedVolumes hands an anonymous volume from container to container
// and removes it with the last.
func TestInheritedVolumes(t *testing.T) {
	s := newStage(t, fmt.Sprintf("docker-inherit%d", os.Getpid()), `
services:
  web: {image: IMAGE, command: [sleep, "1000"], init: true, volumes: [/data]}
`)
	first := s.up(s.spec("web"))
	s.sh(first, "echo kept > /data/x")
	seen, err := s.engine.InspectContainer(t.Context(), first)
	s.must(err)
	volume := seen.Mounts[0].Name
	spec := s.spec("web")
	spec.Name += "-next"
	spec.Inherit = []convergence.InheritedVolume{{Volume: volume, Target: "/data"}}
	second := s.up(spec)
	exists := func() bool {
		t.Helper()
		all, err := s.engine.ListVolumes(t.Context())
		s.must(err)
		return slices.ContainsFunc(all, func(v convergence.Volume) bool { return v.Name == volume })
	}
	s.must(s.engine.RemoveContainer(t.Context(), first, true))
	if got := s.sh(second, "cat /data/x"); got != "kept" || !exists() {
		t.Errorf("the successor sees %q, the volume is there: %t", got, exists())
	}
	s.must(s.engine.RemoveContainer(t.Context(), second, true))
	if exists() {
		t.Error("the volume is left when its last container was removed with its volumes")
	}
}

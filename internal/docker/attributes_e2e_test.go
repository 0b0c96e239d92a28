//go:build e2e

package docker_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/attributes"
	"github.com/musterdev/muster/internal/testrun"
)

// TestAttributes starts the containers of attributes.Cases and looks at them.
func TestAttributes(t *testing.T) {
	for i, tc := range attributes.Cases() {
		t.Run(tc.Name, func(t *testing.T) {
			t.Parallel()
			name := fmt.Sprintf("attr%d", i)
			real := strings.NewReplacer("PORT", fmt.Sprint(testrun.FreePort()), "DISK", disk(t), "MACHINE", hostname(),
				"NAME", testrun.Current(t).Name(name), "10.213", fmt.Sprintf("10.%d", 64+rand.IntN(128)))
			h := newHarness(t, name, real.Replace(tc.Compose("IMAGE")))
			up := h.up
			if tc.Shell == "" {
				up = h.create
			}
			c := up(h.spec("web"))
			tc.Shell = real.Replace(tc.Shell)
			if _, err := os.Stat("/sys/fs/cgroup/memory"); tc.Shell != "" && (err == nil || !strings.HasPrefix(tc.Name, "cgroup:")) {
				if got := h.sh(c, tc.Shell); !says(got, real.Replace(tc.Want)) {
					t.Errorf("%s\nsays %q\nwant %q", tc.Shell, got, tc.Want)
				}
			}
			if template, want, ok := strings.Cut(real.Replace(tc.Inspect), " = "); ok {
				args := []string{"container", "inspect", c.ID}
				if kind, rest, _ := strings.Cut(template, " "); kind == "network" || kind == "volume" {
					object, of, _ := strings.Cut(rest, " ")
					args, template = []string{kind, "inspect", object}, of
				}
				got, err := exec.Command("docker", append(args, "--format", template)...).CombinedOutput()
				if err != nil || strings.TrimSpace(string(got)) != want {
					t.Errorf("docker %s --format '%s'\nsays %q, %v\nwant %q", strings.Join(args, " "), template, got, err, want)
				}
			}
		})
	}
}

// disk is a block device of this machine.
func disk(t *testing.T) string {
	t.Helper()
	disks, err := filepath.Glob("/sys/block/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range disks {
		if path := "/dev/" + filepath.Base(d); !strings.Contains(path, "ram") {
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
	}
	t.Fatal("there is no block device in /dev")
	return ""
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
	h := newHarness(t, "ns", `
services:
  db: {image: IMAGE, command: [sleep, "1000"], init: true, ipc: shareable, hostname: db, volumes: [/shared]}
  web: {image: IMAGE, command: [sleep, "1000"], network_mode: "service:db", pid: "service:db", ipc: "service:db", volumes_from: [db]}
`)
	db := h.up(h.spec("db"))
	h.sh(db, "echo hello > /shared/x")
	spec := h.spec("web")
	spec.Refs["db"] = db
	web := h.up(spec)
	if got := h.sh(web, "cat /shared/x /proc/sys/kernel/hostname; ps | grep -c 'sleep 1000'"); !strings.HasPrefix(got, "hello\ndb") {
		t.Errorf("web sees %q", got)
	}
	for _, ns := range []string{"net", "ipc", "pid"} {
		if a, b := h.sh(db, "readlink /proc/self/ns/"+ns), h.sh(web, "readlink /proc/self/ns/"+ns); a != b {
			t.Errorf("%s namespaces differ: %s and %s", ns, a, b)
		}
	}
}

// TestNames resolves services, aliases, links and a successor's final name.
func TestNames(t *testing.T) {
	h := newHarness(t, "names", `
services:
  db: {image: IMAGE, command: [sleep, "1000"], init: true, networks: {back: {aliases: [store]}}}
  web: {image: IMAGE, command: [sleep, "1000"], init: true, links: ["db:database"], networks: {front: {priority: 5}, back: {}}}
networks: {front: {}, back: {}}
`)
	db := h.up(h.spec("db"))
	spec := h.spec("web")
	spec.Name = "0123456789ab_" + spec.Name // as the successor of another
	web := h.up(spec)
	for _, name := range []string{"db", "store", "database", "db-1", db.Name} {
		if got := h.sh(web, "nslookup "+name+" 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
			t.Errorf("web cannot resolve %s", name)
		}
	}
	for _, name := range []string{"web", h.p.Name + "-web-1"} {
		if got := h.sh(db, "nslookup "+name+" 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
			t.Errorf("db cannot resolve %s", name)
		}
	}
	// A network that is connected again has everything it had.
	ref := engine.Ref{ID: web.ID, Name: web.Name}
	back := h.p.Network("back")
	h.must(h.engine.DisconnectNetwork(t.Context(), ref, back.Name))
	h.must(h.engine.DisconnectNetwork(t.Context(), ref, back.Name)) // already so
	h.must(h.engine.ConnectNetwork(t.Context(), ref, engine.EndpointSpec{
		Project: h.p, Service: h.p.Service("web"), Network: back, Container: h.p.Name + "-web-1",
	}))
	if got := h.sh(web, "nslookup database 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
		t.Error("web lost its link when it was connected again")
	}
	if got := h.sh(db, "nslookup web 127.0.0.11 2>&1 | grep -c 'Address.*: [0-9]'"); got == "0" {
		t.Error("web lost its alias when it was connected again")
	}
}

// TestInheritedVolumes hands an anonymous volume from container to container
// and removes it with the last.
func TestInheritedVolumes(t *testing.T) {
	h := newHarness(t, "inherit", `
services:
  web: {image: IMAGE, command: [sleep, "1000"], init: true, volumes: [/data]}
`)
	first := h.up(h.spec("web"))
	h.sh(first, "echo kept > /data/x")
	seen, err := h.engine.InspectContainer(t.Context(), first)
	h.must(err)
	volume := seen.Mounts[0].Name
	spec := h.spec("web")
	spec.Name += "-next"
	spec.Inherit = []engine.InheritedVolume{{Volume: volume, Target: "/data"}}
	second := h.up(spec)
	exists := func() bool {
		t.Helper()
		all, err := h.engine.ListVolumes(t.Context())
		h.must(err)
		return slices.ContainsFunc(all, func(v engine.Volume) bool { return v.Name == volume })
	}
	h.must(h.engine.RemoveContainer(t.Context(), first, true))
	if got := h.sh(second, "cat /data/x"); got != "kept" || !exists() {
		t.Errorf("the successor sees %q, the volume is there: %t", got, exists())
	}
	h.must(h.engine.RemoveContainer(t.Context(), second, true))
	if exists() {
		t.Error("the volume is left when its last container was removed with its volumes")
	}
}

//go:build e2e && soak

package faultmatrix

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soaked is a stack of every kind of restart that there is.
const soaked = `x-run: &run
  image: muster-test/busybox:1
  command: sh -c 'rm -f /bad; trap "exit 0" TERM; trap "" HUP; echo run; while :; do sleep 0.1; done'
  network_mode: none
  stop_grace_period: 1s
services:
  db:
    <<: *run
    deploy: {restart_policy: {condition: any, delay: 100ms}}
  api:
    <<: *run
    restart: always
    depends_on: [db]
    healthcheck: {test: [CMD, test, '!', -e, /bad], interval: 1s, retries: 1}
    x-muster: {on_unhealthy: restart}
  web:
    <<: *run
    restart: unless-stopped
    scale: 3
    depends_on: [api]
  worker:
    <<: *run
    deploy: {replicas: 2, restart_policy: {condition: on-failure, delay: 200ms}}
`

// soak is a long play of random faults.
type soak struct {
	*stack
	random *rand.Rand
	seen   map[string]int // faults by name
}

// TestSoak lets random faults happen for SOAK_MINUTES (15 unless set otherwise).
// Then everything that should run does, in the containers that an up leaves
// alone, and the supervisor holds no more memory, goroutines or descriptors than
// when the faults began. SOAK_SEED plays the same faults again.
func TestSoak(t *testing.T) {
	minutes, err := strconv.Atoi(cmp.Or(os.Getenv("SOAK_MINUTES"), "15"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("SOAK_SEED"), strconv.FormatInt(time.Now().Unix(), 10)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("soak: %d minutes, SOAK_SEED=%d\n", minutes, seed)
	e := newEngine(t)
	s := &soak{stack: newStack(t, e, buildMuster(t), "soak", soaked), random: rand.New(rand.NewPCG(seed, 0)), seen: map[string]int{}}
	s.must("up", "-d")
	s.supervise()
	for range 10 { // whatever is allocated once is by then
		s.fault()
	}
	s.settle()
	before := s.usage()
	for end := time.Now().Add(time.Duration(minutes) * time.Minute); time.Now().Before(end); {
		s.fault()
		time.Sleep(time.Duration(s.random.IntN(1500)) * time.Millisecond)
	}
	s.settle()
	after := s.usage()
	fmt.Printf("soak: faults %v\nsoak: before %+v, after %+v\n", s.seen, before, after)
	if after.goroutines > before.goroutines+5 || after.descriptors > before.descriptors+5 || after.memory > before.memory*5/4+4<<20 {
		t.Errorf("the supervisor grew from %+v to %+v", before, after)
	}
	s.must("down", "-v", "-t", "1")
	for _, kind := range []string{"container", "network", "volume"} {
		args := []string{kind, "ls", "-q", "--filter", "label=com.docker.compose.project=soak"}
		if kind == "container" {
			args = append(args, "-a")
		}
		if left := s.docker(args...); left != "" {
			t.Errorf("%ss are left: %s", kind, left)
		}
	}
}

// fault lets one thing happen to one container, or to the engine.
func (s *soak) fault() {
	s.Helper()
	names := strings.Fields(s.docker("ps", "--format", "{{.Names}}", "--filter", "label=com.docker.compose.project=soak"))
	if len(names) == 0 {
		return // all are down at this moment
	}
	name := names[s.random.IntN(len(names))]
	// A container may have changed between the look and the fault: no fault, then.
	try := func(args ...string) { _ = s.engine.docker(args...).Run() }
	kinds := []string{"crash", "crash", "crash", "crash", "sicken", "stop and start", "restart", "pause", "reload", "remove", "up", "rename", "reboot", "power cut"}
	what := kinds[s.random.IntN(len(kinds))]
	if slow := what == "reboot" || what == "power cut"; slow && s.random.IntN(4) > 0 {
		what = "crash"
	}
	s.seen[what]++
	switch what {
	case "crash":
		if pid, err := s.engine.docker("inspect", "-f", "{{.State.Pid}}", name).Output(); err == nil && strings.TrimSpace(string(pid)) != "0" {
			_ = exec.Command("kill", "-9", strings.TrimSpace(string(pid))).Run() // it may have ended
		}
	case "sicken":
		try("exec", "soak-api-1", "touch", "/bad")
	case "stop and start":
		try("stop", "-t", "1", name)
		time.Sleep(time.Second)
		try("start", name)
	case "restart":
		try("restart", "-t", "1", name)
	case "pause":
		try("pause", name)
		time.Sleep(time.Second)
		try("unpause", name)
	case "reload":
		try("kill", "-s", "HUP", name)
	case "remove":
		try("rm", "-f", name)
		s.must("up", "-d")
	case "up":
		s.must("up", "-d", "--force-recreate", []string{"db", "api", "web", "worker"}[s.random.IntN(4)])
	case "rename":
		try("rename", name, name+"-x")
		try("rename", name+"-x", name)
	case "reboot":
		s.engine.end(syscall.SIGTERM)
		s.engine.start()
	case "power cut":
		s.engine.end(syscall.SIGKILL)
		s.engine.start()
	}
}

// settle waits until all runs again, without an up, and checks that an up finds
// nothing to do.
func (s *soak) settle() {
	s.Helper()
	want := []string{"soak-api-1", "soak-db-1", "soak-web-1", "soak-web-2", "soak-web-3", "soak-worker-1", "soak-worker-2"}
	running := func() []string {
		names := strings.Fields(s.docker("ps", "--format", "{{.Names}}", "--filter", "label=com.docker.compose.project=soak", "--filter", "status=running"))
		slices.Sort(names)
		return names
	}
	deadline := time.Now().Add(2 * patience) // the longest delay of a crash loop, and a resync
	for !slices.Equal(running(), want) {
		if time.Now().After(deadline) {
			s.Fatalf("running: %q, want %q\n%s", running(), want, s.must("ps", "-a"))
		}
		time.Sleep(200 * time.Millisecond)
	}
	ids := s.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=soak")
	s.must("up", "-d")
	if now := s.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=soak"); now != ids {
		s.Fatalf("an up that should find nothing to do changed %q into %q", ids, now)
	}
	for policy, services := range map[string][]string{"no": {"db", "worker"}, "always": {"api"}, "unless-stopped": {"web"}} {
		for _, service := range services {
			if got := s.inspect(service, ".HostConfig.RestartPolicy.Name"); got != policy {
				s.Fatalf("the engine's policy of %s is %q, want %q", service, got, policy)
			}
		}
	}
}

// usage is what the supervisor holds.
type usage struct{ memory, goroutines, descriptors int }

func (s *soak) usage() usage {
	s.Helper()
	sockets, err := filepath.Glob(filepath.Join(s.engine.dir, "*", "supervise-*.sock"))
	if err != nil || len(sockets) != 1 {
		s.Fatalf("the supervisor's sockets: %q, %v", sockets, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", sockets[0])
	}}}
	resp, err := client.Get("http://localhost/metrics")
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	var u usage
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		name, text, _ := strings.Cut(in.Text(), " ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue // a comment
		}
		switch name {
		case "process_resident_memory_bytes":
			u.memory = int(value)
		case "go_goroutines":
			u.goroutines = int(value)
		case "process_open_fds":
			u.descriptors = int(value)
		}
	}
	return u
}

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

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// soaked is a stack of every kind of restart that there is.
const soaked = `x-run: &run
  image: muster-test/busybox:1
  command: sh -c 'rm -f /bad; trap "exit 143" TERM; trap "" HUP; echo run; while :; do sleep 0.1; done'
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

// startTime is how long an engine is left alone before it is ended, so that few
// of the starts that the faults before asked for are still under way: containerd
// 1.6 can keep the folder of a container that was being started at that moment,
// and then refuses every later start of it.
const startTime = 2 * time.Second

// neverAgain is what the engine answers then. Nothing but a new container helps.
const neverAgain = "already exists"

// soak is a long run of random faults.
type soak struct {
	*stack
	random *rand.Rand
	seen   map[string]int // faults by name
}

// TestSoak lets random faults happen for SOAK_MINUTES (15 unless set otherwise).
// Then everything that should run does, in the containers that an up leaves
// alone, and the supervisor holds no more memory, goroutines or descriptors than
// when the faults began. SOAK_SEED repeats the same faults again.
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
	s := &soak{stack: newStack(t, e, testrun.Current(t).Muster(t), "soak", soaked), random: rand.New(rand.NewPCG(seed, 0)), seen: map[string]int{}}
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
	fmt.Printf("soak: %s %s %s\n", time.Now().Format("15:04:05.000"), what, name)
	switch what {
	case "crash":
		if pid, err := s.engine.docker("inspect", "-f", "{{.State.Pid}}", name).Output(); err == nil && strings.TrimSpace(string(pid)) != "0" {
			_ = exec.Command("kill", "-9", strings.TrimSpace(string(pid))).Run() // it may have ended
		}
	case "sicken":
		try("exec", name, "touch", "/bad")
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
		time.Sleep(startTime)
		s.engine.end(syscall.SIGTERM)
		s.engine.start()
	case "power cut":
		time.Sleep(startTime)
		s.engine.end(syscall.SIGKILL)
		s.engine.start()
	}
}

// settle waits until all runs again, without an up, and checks that an up finds
// nothing to do.
func (s *soak) settle() {
	s.Helper()
	// Which service each runs for: numbers change when one is removed.
	want := []string{"api", "db", "web", "web", "web", "worker", "worker"}
	running := func() []string {
		services := strings.Fields(s.docker("ps", "--format", `{{.Label "com.docker.compose.service"}}`, "--filter", "label=com.docker.compose.project=soak", "--filter", "status=running"))
		slices.Sort(services)
		return services
	}
	back := func() bool { return slices.Equal(running(), want) }
	for !patience.OfEngine().Wait(s.Context(), back) {
		if !s.replaceLost() {
			s.Fatalf("running: %q, want %q\n%s", running(), want, s.must("ps", "-a"))
		}
	}
	ids := s.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=soak")
	s.must("up", "-d")
	if now := s.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=soak"); now != ids {
		s.Fatalf("an up that should find nothing to do changed %q into %q", ids, now)
	}
	policies := map[string]string{"db": "no", "worker": "no", "api": "always", "web": "unless-stopped"}
	for id := range strings.FieldsSeq(ids) {
		service := s.docker("inspect", "-f", `{{index .Config.Labels "com.docker.compose.service"}}`, id)
		if got := s.docker("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", id); got != policies[service] {
			s.Fatalf("the engine's policy of a container of %s is %q, want %q", service, got, policies[service])
		}
	}
}

// replaceLost replaces containers that the engine can never start again, and
// tells whether there were any.
func (s *soak) replaceLost() bool {
	s.Helper()
	var lost bool
	for _, name := range strings.Fields(s.docker("ps", "-a", "--format", "{{.Names}}", "--filter", "label=com.docker.compose.project=soak", "--filter", "status=exited")) {
		out, err := s.engine.docker("start", name).CombinedOutput()
		if err == nil || !strings.Contains(string(out), neverAgain) {
			continue
		}
		fmt.Printf("soak: the engine lost %s: %s\n", name, out)
		lost = true
		s.docker("rm", "-f", name)
	}
	if lost {
		s.must("up", "-d")
	}
	return lost
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

//go:build e2e

package faultmatrix

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/musterdev/muster/test/faultproxy"
)

// massRows take many containers, so that they run alone.
func massRows() []row {
	return []row{
		{"37", "exit 0, 1, 137, 139 and out of memory, under each policy", "the engine alone and the supervisor as the owner end in the same states", differential},
		{"40", "30 containers killed at once", "all back, dependencies first, at most 4 starts at a time", allKilled},
	}
}

// ends are what a program does in its first run; in its second it stays.
func ends() map[string]string {
	return map[string]string{"e0": "exit 0", "e1": "exit 1", "e137": "exit 137", "e139": "exit 139", "oom": "exec tail /dev/zero"}
}

// policies are pairs that mean the same: one for the engine, one for the supervisor.
func policies() map[string][2]string {
	ours := func(condition string) string {
		return "deploy: {restart_policy: {condition: " + condition + ", delay: 50ms}}"
	}
	return map[string][2]string{
		"no": {`restart: "no"`, ours("none")}, "always": {"restart: always", ours("any")},
		"unless": {"restart: unless-stopped", ours("any")}, "failure": {"restart: on-failure", ours("on-failure")},
	}
}

func differential(t *testing.T, h *harness) string {
	file, pairs := "services:\n", map[string][2]string{}
	for policy, texts := range policies() {
		for end, how := range ends() {
			program := `command: sh -c 'echo run; test -e /again && exec sleep 1000; touch /again; ` + how + `'`
			names := [2]string{policy + "-" + end + "-engine", policy + "-" + end + "-ours"}
			for i, name := range names {
				file += service(name, program, texts[i], "network_mode: none", "mem_limit: 16m", "stop_signal: SIGKILL")
			}
			pairs[policy+" "+end] = names
		}
	}
	s := h.stack(t, "row37", file)
	s.must("up", "-d")
	s.supervise()
	// Not whether it ran out of memory: the engine itself hears of that by chance
	// before or after the exit.
	said := func(name string) string { return fmt.Sprintf("%s after %d runs", s.state(name), s.runs(name)) }
	for what, names := range pairs {
		policy, end, _ := strings.Cut(what, " ")
		again := policy == "always" || policy == "unless" || policy == "failure" && end != "e0"
		for _, name := range names {
			s.until(name+" at rest", func() bool {
				return again && s.runs(name) == 2 && s.state(name) == "running" || !again && strings.HasPrefix(s.state(name), "exited")
			})
		}
	}
	for what, names := range pairs {
		if engines, ours := said(names[0]), said(names[1]); engines != ours {
			t.Errorf("%s: the engine's is %s, the supervisor's %s", what, engines, ours)
		}
	}
	return fmt.Sprintf("%d pairs, the same state, exit code and number of runs in each", len(pairs))
}

func allKilled(t *testing.T, h *harness) string {
	policy := "deploy: {replicas: 29, restart_policy: {condition: any, delay: 10ms}}"
	s := h.stack(t, "row40", named("db", "command: "+runs, "network_mode: none", "deploy: {restart_policy: {condition: any, delay: 2s}}")+
		service("web", "command: "+runs, "network_mode: none", policy, "depends_on: [db]"))
	s.must("up", "-d")
	var mu sync.Mutex
	var now, most int
	first := ""
	starts := faultproxy.Rule{Method: "POST", Path: regexp.MustCompile(`/start$`)}
	before, after := starts, starts
	before.Action = faultproxy.Before(func(c faultproxy.Call) bool {
		mu.Lock()
		defer mu.Unlock()
		if now++; first == "" {
			first = strings.Split(c.Path, "/")[2]
		}
		most = max(most, now)
		return false
	})
	after.Action = faultproxy.After(func(faultproxy.Call) bool {
		mu.Lock()
		defer mu.Unlock()
		now--
		return false
	})
	p := s.behind()
	p.Add(before)
	p.Add(after)
	s.supervise()
	// db dies first, since an engine tells of many deaths in any order, some only a
	// second later: until then db runs as far as anybody can know.
	s.crash("db")
	s.untilState("db", "exited (137)")
	ids := strings.Fields(s.docker("ps", "-q", "--no-trunc", "--filter", "label=com.docker.compose.project=row40"))
	pids := strings.Fields(s.docker(append([]string{"inspect", "-f", "{{.State.Pid}}"}, ids...)...))
	if len(pids) != 29 {
		t.Fatalf("%d containers run besides db, want 29", len(pids))
	}
	if out, err := exec.Command("kill", append([]string{"-9"}, pids...)...).CombinedOutput(); err != nil {
		t.Fatalf("kill: %v\n%s", err, out)
	}
	s.until("all restarted", func() bool {
		n := 0
		for _, a := range s.audit() {
			if a.Kind == "action" && a.Action == "start" && a.Error == "" {
				n++
			}
		}
		return n >= 30
	})
	s.until("all running", func() bool {
		return len(strings.Fields(s.docker("ps", "-q", "--filter", "label=com.docker.compose.project=row40"))) == 30
	})
	mu.Lock()
	defer mu.Unlock()
	if db := s.inspect("db", "Id"); first != db {
		t.Errorf("%s was started first, want db, which is %s", first, db)
	}
	if most > 4 {
		t.Errorf("%d starts at a time", most)
	}
	return "all 30 back, db first, never more than 4 starts at a time"
}

//go:build e2e

package faultmatrix

import (
	"fmt"
	"maps"
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

// runs is a program that says so and goes on until it is told to end.
const runs = `sh -c 'trap "exit 0" TERM; echo run; while :; do sleep 0.1; done'`

// supervised is a policy that only the supervisor can keep.
const supervised = `deploy: {restart_policy: {condition: any, delay: 200ms}}`

func one(lines ...string) string { return named("web", lines...) }

// named is a service of that name, in a network namespace of its own.
func named(name string, lines ...string) string {
	return "services:\n" + service(name, lines...)
}

func service(name string, lines ...string) string {
	text := "  " + name + ":\n    image: muster-test/busybox:1\n    stop_grace_period: 1s\n"
	for _, l := range lines {
		text += "    " + strings.ReplaceAll(l, "\n", "\n    ") + "\n"
	}
	return text
}

func quietRows() []row {
	return []row{
		{"15", "host port taken while a container is down, freed later; `restart: always`", "the engine gives up; started within the cap once the port is free", portFreedLater},
		{"24", "two supervisors of one project", "the second ends naming the first; one can take over at once after a kill -9", twoSupervisors},
		{"25", "kill -9 of the supervisor while a restart waits for its delay", "the next supervisor makes the restart; the engine's policy is untouched", killedInBackoff},
		{"36", "the container's shim is killed", "a crash: the policy applies", shimKilled},
		{"38", "`on-failure:3`, always failing", "3 restarts, then given up, the exit code kept", onFailureBound},
		{"39", "a crash each 11 s, which Docker forgives every time; owner is the supervisor", "the delay grows with each crash", slowCrashLoop},
		{"41", "docker stop while running, in the engine's backoff, and while paused", "stays stopped, also under a new supervisor", userStops},
		{"42", "docker kill -s HUP, a crash later", "restarted", reloadThenCrash},
		{"43", "docker restart", "no crash: no restart of ours, the count of attempts begins anew", restartByHand},
		{"44", "docker pause, then the health check fails", "nothing is done; unpause resumes", pausedUnhealthy},
		{"45", "docker rm -f; docker rename", "forgotten; still found by its labels", removedRenamed},
		{"46", "unhealthy with `on_unhealthy: restart`: healed by a restart; never healed", "one restart; restarts with growing delays, no tight loop", unhealthy},
		{"47", "all health checks fail at once", "no restart: the host is to blame", allUnhealthy},
		{"48", "a dependency restarts by itself: sharer of its network, `restart: true`, `cascade: always`", "the sharer restarts once; plain dependents never; the cascade once", dependencyRestarts},
		{"49", "a dependency that is never healthy, `up --wait --wait-timeout`", "ends at the deadline, naming it", neverHealthy},
		{"62", "down while a restart waits for its delay", "no resurrection", downInBackoff},
	}
}

func portFreedLater(t *testing.T, h *harness) string {
	s := h.stack(t, "row15", one("command: "+runs, "restart: always", `ports: ["18015:80"]`))
	s.must("up", "-d")
	s.supervise()
	// Whoever waits for the port has it between the crash and the engine's restart,
	// 100 ms later.
	s.docker("run", "-d", "--name", "row15-holder", "--network", "host", "muster-test/busybox:1",
		"sh", "-c", "until nc -l -p 18015; do sleep 0.01; done")
	s.Cleanup(func() { _ = s.engine.docker("rm", "-f", "row15-holder").Run() })
	s.crash("web")
	// Where the engine was faster, it is slower the next time: its delay doubles.
	s.until("the engine gives up", func() bool {
		if s.inspect("web", "State.Error") != "" {
			return true
		}
		if pid := s.inspect("web", "State.Pid"); pid != "0" && s.state("web") == "running" {
			_ = exec.Command("kill", "-9", pid).Run() // it may have ended
		}
		return false
	})
	s.until("the supervisor tries", func() bool { return s.decided("start", "", "web") })
	s.docker("rm", "-f", "row15-holder")
	s.untilState("web", "running")
	return "the engine gave up; running once the port was free"
}

func twoSupervisors(t *testing.T, h *harness) string {
	s := h.stack(t, "row24", one("command: "+runs, supervised))
	s.must("up", "-d")
	s.supervise()
	out, err := s.muster("supervise").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is locked by pid "+strconv.Itoa(s.keeper.Process.Pid)) {
		t.Fatalf("a second supervisor: %v\n%s", err, out)
	}
	s.endKeeper(syscall.SIGKILL)
	s.supervise()
	s.crash("web")
	s.until("a restart", func() bool { return s.runs("web") == 2 })
	return "the second was refused by name; after kill -9 another took over and made the restart"
}

func killedInBackoff(t *testing.T, h *harness) string {
	s := h.watched(t, "row25", one("command: "+runs, "deploy: {restart_policy: {condition: any, delay: 3s}}"))
	s.must("up", "-d")
	s.supervise()
	runs := 1
	for killed := false; !killed; { // again, if the restart was faster than the kill
		s.crash("web")
		s.until("a decision", func() bool { return s.decided("start", "exited", "web") })
		s.endKeeper(syscall.SIGKILL)
		killed = s.state("web") == "exited (137)"
		s.supervise()
		s.untilState("web", "running")
		runs++
		s.until("its program", func() bool { return s.runs("web") == runs })
	}
	s.stays("one restart", func() bool { return s.runs("web") == runs && s.state("web") == "running" })
	return fmt.Sprintf("restarted by the next one, once, engine policy %q", s.inspect("web", "HostConfig.RestartPolicy.Name"))
}

func shimKilled(t *testing.T, h *harness) string {
	s := h.stack(t, "row36", one("command: "+runs, supervised))
	s.must("up", "-d")
	s.supervise()
	id := s.inspect("web", "Id")
	s.killShim(id)
	s.until("a restart", func() bool { return s.runs("web") == 2 && s.state("web") == "running" })
	return "restarted once"
}

// slowCrashLoop shows the first three crashes. How far the delay goes is the
// tests' of restartpolicy to say, which need no ten minutes.
func slowCrashLoop(t *testing.T, h *harness) string {
	s := h.stack(t, "row39", one("command: sh -c 'sleep 11; exit 1'", "deploy: {restart_policy: {condition: any, delay: 100ms}}"))
	s.must("up", "-d")
	s.supervise()
	var waits []float64
	s.until("three restarts", func() bool {
		waits = nil
		for _, a := range s.audit() {
			if a.Kind == "decision" && a.Action == "start" {
				waits = append(waits, a.Wait)
			}
		}
		return len(waits) >= 3
	})
	for i, w := range waits[1:] {
		if w < waits[i]*1.2 { // twice as long, less what the jitter makes of it
			t.Fatalf("delays %v do not grow", waits)
		}
	}
	return "each delay longer than the one before"
}

func onFailureBound(t *testing.T, h *harness) string {
	s := h.watched(t, "row38", one(`command: sh -c 'echo run; exit 7'`, "deploy: {restart_policy: {condition: on-failure, delay: 100ms, max_attempts: 3}}")+
		service("engines", `command: sh -c 'echo run; exit 7'`, "restart: on-failure:3"))
	s.must("up", "-d")
	s.supervise()
	s.until("giving up", func() bool { return s.decided("give up", "limit reached", "web") && s.runs("engines") == 4 })
	s.stays("no more runs", func() bool { return s.runs("web") == 4 && s.runs("engines") == 4 })
	return fmt.Sprintf("the supervisor's: %d runs, %s; the engine's: %d runs, %s", s.runs("web"), s.state("web"), s.runs("engines"), s.state("engines"))
}

func userStops(t *testing.T, h *harness) string {
	always := "restart: always"
	s := h.watched(t, "row41", named("running", "command: "+runs, always)+service("backoff", `command: sh -c 'exit 1'`, always)+
		service("paused", "command: "+runs, always)+service("ours", "command: "+runs, supervised))
	s.must("up", "-d")
	s.supervise()
	s.until("the engine waits", func() bool { return s.state("backoff") == "restarting" })
	s.docker("pause", s.container("paused"))
	for _, name := range []string{"running", "backoff", "paused", "ours"} {
		s.docker("stop", "-t", "1", s.container(name))
	}
	down := func() bool {
		for _, name := range []string{"running", "backoff", "paused", "ours"} {
			if st := s.state(name); !strings.HasPrefix(st, "exited") {
				return false
			}
		}
		return true
	}
	s.stays("all down", down)
	s.docker("start", s.container("ours")) // of it a new supervisor could not know
	s.endKeeper(syscall.SIGTERM)
	s.supervise()
	s.stays("the engine's down", func() bool {
		return strings.HasPrefix(s.state("running"), "exited") && strings.HasPrefix(s.state("backoff"), "exited") && strings.HasPrefix(s.state("paused"), "exited")
	})
	return "all stayed down, also under a new supervisor"
}

func reloadThenCrash(t *testing.T, h *harness) string {
	program := `command: sh -c 'trap "echo reloaded" HUP; trap "exit 0" TERM; echo run; while :; do sleep 0.1; done'`
	s := h.stack(t, "row42", one(program, "restart: always")+service("stopped", program, "restart: unless-stopped"))
	s.must("up", "-d")
	s.supervise()
	for _, name := range []string{"web", "stopped"} {
		s.until(name+" has begun", func() bool { return s.runs(name) == 1 })
		s.docker("kill", "-s", "HUP", s.container(name))
		s.until(name+" has reloaded", func() bool { return strings.Contains(s.docker("logs", s.container(name)), "reloaded") })
	}
	for _, name := range []string{"web", "stopped"} {
		s.crash(name)
		s.until(name+" runs again", func() bool { return s.runs(name) == 2 && s.state(name) == "running" })
	}
	return "both restarted"
}

func restartByHand(t *testing.T, h *harness) string {
	s := h.watched(t, "row43", one("command: "+runs, "deploy: {restart_policy: {condition: any, delay: 100ms, max_attempts: 2}}"))
	s.must("up", "-d")
	s.supervise()
	s.crash("web")
	s.until("a restart", func() bool { return s.runs("web") == 2 && s.state("web") == "running" })
	s.docker("restart", "-t", "1", s.container("web"))
	s.until("a run by hand", func() bool { return s.runs("web") == 3 && s.state("web") == "running" })
	s.stays("no restart of ours", func() bool { return s.runs("web") == 3 })
	for n := 4; n <= 5; n++ { // two attempts again
		s.crash("web")
		s.until("a restart", func() bool { return s.runs("web") == n && s.state("web") == "running" })
	}
	s.until("three restarts in the audit", func() bool { return s.done("start", "web") == 3 })
	return fmt.Sprintf("%d restarts of ours around it, with 2 allowed in a row", s.done("start", "web"))
}

// healthy is a check that fails while the file "it" is in the stack's folder of
// that name, and an answer to failure.
func healthy(folder, answer string) string {
	// However long a check takes: it does not fail because the machine is busy.
	text := "healthcheck: {test: [CMD, test, '!', -e, /bad/it], interval: 1s, timeout: 1h, retries: 1}\nvolumes: [\"./" + folder + ":/bad\"]"
	if answer != "" {
		text += "\nx-muster: {on_unhealthy: " + answer + "}"
	}
	return text
}

// sicken lets the checks with that folder fail.
func (s *stack) sicken(folder string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, folder, "it"), nil, 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s *stack) heal(folder string) {
	s.Helper()
	if err := os.Remove(filepath.Join(s.dir, folder, "it")); err != nil {
		s.Fatal(err)
	}
}

func (s *stack) health(service string) string { return s.inspect(service, "State.Health.Status") }

func pausedUnhealthy(t *testing.T, h *harness) string {
	s := h.watched(t, "row44", one("command: "+runs, "restart: always", healthy("web", "restart")))
	s.must("up", "-d", "--wait")
	s.supervise()
	// Not before it is paused: a check may come at any moment.
	s.docker("pause", s.container("web"))
	s.sicken("web")
	s.staysState("web", "paused")
	if n := s.done("restart", "web"); n > 0 {
		t.Fatalf("%d restarts of a paused container", n)
	}
	s.docker("unpause", s.container("web"))
	s.until("a restart after unpause", func() bool { return s.done("restart", "web") == 1 })
	return "nothing was done while it was paused; restarted after unpause"
}

func removedRenamed(t *testing.T, h *harness) string {
	s := h.watched(t, "row45", one("command: "+runs, supervised)+service("other", "command: "+runs, supervised))
	s.must("up", "-d")
	s.supervise()
	s.docker("rm", "-f", s.container("web"))
	s.until("web is forgotten", func() bool { return !strings.Contains(s.must("supervise", "--status"), "row45-web-1") })
	s.docker("rename", s.container("other"), "row45-elsewhere")
	pid := s.docker("inspect", "-f", "{{.State.Pid}}", "row45-elsewhere")
	s.kill(pid)
	s.until("the renamed one runs again", func() bool {
		out, _ := s.engine.docker("logs", "row45-elsewhere").Output()
		return strings.Count(string(out), "run\n") == 2
	})
	s.stays("web gone", func() bool { return s.state("web") == "gone" })
	return "the removed one was forgotten, the renamed one restarted"
}

func unhealthy(t *testing.T, h *harness) string {
	heals := `command: sh -c 'rm -f /bad/it; trap "exit 0" TERM; echo run; while :; do sleep 0.1; done'`
	s := h.stack(t, "row46", named("heals", heals, "restart: always", healthy("heals", "restart"))+service("never", "command: "+runs, "restart: always", healthy("never", "restart")))
	s.must("up", "-d", "--wait")
	s.supervise()
	s.sicken("heals")
	s.until("a restart", func() bool { return s.done("restart", "heals") == 1 })
	s.until("healthy again", func() bool { return s.health("heals") == "healthy" })
	s.sicken("never")
	s.until("three restarts", func() bool { return s.done("restart", "never") >= 3 })
	var waits []float64
	for _, a := range s.audit() {
		if a.Kind == "decision" && a.Action == "restart" && a.Container == s.container("never") {
			waits = append(waits, a.Wait)
		}
	}
	for i := 1; i < min(3, len(waits)); i++ {
		if waits[i] <= waits[i-1] {
			t.Fatalf("delays %v do not grow", waits)
		}
	}
	if n := s.done("restart", "heals"); n != 1 {
		t.Fatalf("%d restarts of what healed", n)
	}
	return "healed by one restart; the other is restarted again and again, with growing delays"
}

func allUnhealthy(t *testing.T, h *harness) string {
	file := "services:\n"
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		file += service(name, "command: "+runs, "restart: always", healthy("shared", "restart"))
	}
	// The canary waits for longer than the supervisor waits for others to turn
	// unhealthy too.
	s := h.watchedFor(t, 12*time.Second, "row47", file)
	s.must("up", "-d", "--wait")
	s.supervise()
	all := func(health string) func() bool {
		return func() bool {
			return !slices.ContainsFunc(names, func(name string) bool { return s.health(name) != health })
		}
	}
	restarts := func() (n int) {
		for _, name := range names {
			n += s.done("restart", name)
		}
		return n
	}
	for {
		s.sicken("shared")
		s.until("all unhealthy", all("unhealthy"))
		if s.turnedTogether(names) {
			break
		}
		s.heal("shared") // on a busy machine checks may lie far apart: once more, then
		s.until("all healthy", all("healthy"))
	}
	before := restarts()
	s.stays("no restart", func() bool { return restarts() == before })
	return "no restart"
}

// turnedTogether reports whether the supervisor heard within a few seconds that all
// of them have turned unhealthy.
func (s *stack) turnedTogether(names []string) bool {
	s.Helper()
	last := map[string]time.Time{}
	s.until("all turns in the audit", func() bool {
		for _, a := range s.audit() {
			if a.Kind == "health" && a.Alert == "unhealthy" {
				last[a.Container] = a.Time
			}
		}
		return len(last) >= len(names)
	})
	times := slices.SortedFunc(maps.Values(last), time.Time.Compare)
	return times[len(times)-1].Sub(times[0]) < 8*time.Second
}

func dependencyRestarts(t *testing.T, h *harness) string {
	needs := "depends_on: {db: {condition: service_started, restart: true}}"
	s := h.watched(t, "row48", named("db", "command: "+runs, supervised)+
		service("sharer", "command: "+runs, "restart: always", "network_mode: service:db")+
		service("plain", "command: "+runs, "restart: always", needs)+
		service("follows", "command: "+runs, "restart: always", needs, "x-muster: {cascade: always}"))
	s.must("up", "-d")
	s.supervise()
	s.crash("db")
	s.until("followers restarted", func() bool { return s.done("restart", "sharer") == 1 && s.done("restart", "follows") == 1 })
	s.stays("nothing more", func() bool {
		return s.done("restart", "sharer") == 1 && s.done("restart", "follows") == 1 && s.done("restart", "plain") == 0 && s.runs("plain") == 1
	})
	return "the sharer and the cascade restarted once, the plain dependent not at all"
}

func neverHealthy(t *testing.T, h *harness) string {
	s := h.stack(t, "row49", named("db", "command: "+runs, `healthcheck: {test: "exit 1", interval: 60s}`)+
		service("web", "command: "+runs, "depends_on: {db: {condition: service_healthy}}"))
	out, err := s.muster("up", "-d", "--wait", "--wait-timeout", "2").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "row49-db-1 is not healthy (running) after 2s") {
		t.Fatalf("up = %v\n%s", err, out)
	}
	return "failed after 2 s, naming db; web is " + s.state("web")
}

func downInBackoff(t *testing.T, h *harness) string {
	s := h.watched(t, "row62", one(`command: sh -c 'exit 1'`, "deploy: {restart_policy: {condition: any, delay: 1s}}"))
	s.must("up", "-d")
	s.supervise()
	s.until("a decision", func() bool { return s.decided("start", "exited", "web") })
	s.must("down", "-t", "0")
	s.must("up", "-d", "canary") // it went, too
	s.staysState("web", "gone")
	return "nothing came back"
}

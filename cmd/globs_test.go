package cmd

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/patience"
)

const globsFile = `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  worker: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  db: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
`

// TestGlobs: wherever services are named, a pattern names all that match it,
// with the file and without it.
func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		before []string // command lines that lead there
		line   string
		want   string // services in a state afterwards
	}{
		{nil, "up -d w*", "web=running worker=running"},
		{nil, "create w*", "web=created worker=created"},
		{nil, "up -d [dw]?*", "db=running web=running worker=running"},
		{[]string{"create"}, "start w*", "db=created web=running worker=running"},
		{[]string{"up -d"}, "stop w*", "db=running web=exited worker=exited"},
		{[]string{"up -d"}, "kill w*", "db=running web=exited worker=exited"},
		{[]string{"up -d"}, "pause w*", "db=running web=paused worker=paused"},
		{[]string{"up -d", "pause"}, "unpause w*", "db=paused web=running worker=running"},
		{[]string{"up -d", "stop"}, "restart w*", "db=exited web=running worker=running"},
		{[]string{"up -d", "stop"}, "rm -f w*", "db=exited"},
		{[]string{"up -d"}, "rm -fs w*", "db=running"},
		{[]string{"up -d"}, "down w*", "db=running"},
	} {
		for _, named := range []bool{false, true} {
			if named && (strings.HasPrefix(c.line, "up") || strings.HasPrefix(c.line, "create")) {
				continue // these need the file
			}
			h := newShelf(t, map[string]string{"compose.yaml": globsFile})
			for _, line := range c.before {
				h.must(strings.Fields(line)...)
			}
			args := strings.Fields(c.line)
			if named {
				args = append([]string{"-p", "shop"}, args...)
			}
			h.must(args...)
			// Who is killed is gone a moment later.
			if !patience.InMemory().Wait(t.Context(), func() bool { return h.states() == c.want }) {
				t.Errorf("after %q, then %q: %s, want %s", c.before, args, h.states(), c.want)
			}
		}
	}
}

// states are the services' containers in the form service=state, sorted.
func (h *shelf) states() string {
	h.Helper()
	cs, err := h.engine.ByHand().ListContainers(h.Context(), engine.ContainerFilter{Project: "shop"})
	if err != nil {
		h.Fatal(err)
	}
	var all []string
	for _, c := range cs {
		all = append(all, c.Service+"="+string(c.State))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestGlobsInQuestions: commands that only ask know patterns too.
func TestGlobsInQuestions(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": globsFile})
	h.must("up", "-d")
	db := regexp.MustCompile(`\bdb\b`) // as a word: an ID may hold the letters
	for line, want := range map[string]string{
		"ps --format {{.Service}} w*":         "web\nworker\n",
		"ps --services d*":                    "db\n",
		"config --services w*":                "web\nworker\n",
		"top w*":                              "worker",
		"images --format json d*":             "shop-db-1",
		"logs w*":                             "",
		"events --since 1h --until 0s w*":     "shop-worker-1",
		"plan --force-recreate w*":            "worker-1",
		"stats --no-stream --format json w?b": "shop-web-1",
	} {
		out, errs, code := h.run(strings.Fields(line)...)
		if code != 0 || !strings.Contains(out, want) || strings.Contains(line, "w*") && db.MatchString(out) {
			t.Errorf("muster %s ends with code %d\n%s%s", line, code, out, errs)
		}
	}
	if got := h.must("up", "-d", "--force-recreate", "w*"); got != "" {
		t.Errorf("standard output %q", got)
	}
	if made := strings.Join(h.engine.Mutations(), "\n"); strings.Count(made, "CreateContainer") != 5 {
		t.Errorf("--force-recreate of two services makes others:\n%s", made)
	}
}

package cmd

import (
	"errors"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
)

// TestFailedRunLeavesNoContainer: whatever fails between the creation of a one-off
// container and its start, with --rm or without, the container goes; another's of the
// same name stays.
func TestFailedRunLeavesNoContainer(t *testing.T) {
	fails := errors.New("the engine says no")
	for name, fault := range map[string]memengine.Fault{
		"a file is not copied":             {Method: "CopyTo", Target: "shop-job-run-*", Err: fails},
		"it does not start":                {Method: "StartContainer", Target: "shop-job-run-*", Err: fails},
		"the answer of the create is lost": {Method: "CreateContainer", Target: "shop-job-run-*", Err: fails, After: true},
	} {
		for _, line := range []string{"run --rm -T job true", "run -T job true", "run -d --rm job true"} {
			t.Run(name+", "+line, func(t *testing.T) {
				h := newShelf(t, map[string]string{"compose.yaml": `
services:
  job: {image: "muster-test/busybox:1", configs: [{source: c, target: /c}], depends_on: [dep]}
  dep: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
configs: {c: {content: hello}}
`})
				h.engine.Inject(fault)
				_, errs, code := h.run(strings.Fields(line)...)
				if code == 0 || !strings.Contains(errs, fails.Error()) {
					t.Errorf("muster %s ends with code %d\n%s", line, code, errs)
				}
				h.engine.Heal()
				all, err := h.engine.ListContainers(t.Context(), engine.ContainerFilter{})
				if err != nil {
					t.Fatal(err)
				}
				if len(all) != 1 || all[0].Service != "dep" {
					t.Errorf("containers %v are left, want that of dep", all)
				}
			})
		}
	}
}

// TestFailedRunSparesOthers: a name that is taken fails the run, and is not its to free.
func TestFailedRunSparesOthers(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": "services: {job: {image: \"muster-test/busybox:1\"}}\n"})
	h.must("run", "-d", "--name", "mine", "job", "sleep", "1000")
	if _, errs, code := h.run("run", "--rm", "--name", "mine", "job", "true"); code == 0 {
		t.Errorf("a second container of the name runs\n%s", errs)
	}
	if c, err := h.engine.InspectContainer(t.Context(), engine.Ref{Name: "mine"}); err != nil || c.State != engine.Running {
		t.Errorf("the first container is %s, %v", c.State, err)
	}
}

//go:build e2e

package testrun

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/internal/patience"
)

// TestHelper is the run that TestDeadRuns kills: it makes one of everything, and
// starts a process that nobody ends.
func TestHelper(t *testing.T) {
	if os.Getenv("TESTRUN_HELPER") == "" {
		return
	}
	r := Current(t)
	name, image := r.Name("left"), patience.Image
	for _, args := range [][]string{
		{"network", "create", name},
		{"volume", "create", name},
		{"tag", image, name + ":1"},
		{"tag", image, "elsewhere/" + r.id + ":1"},
		{"create", "--name", name, "-v", "/anonymous", image},
		{"run", "-d", "--name", "by-label-" + r.id, "--network", name, "--label", "com.docker.compose.project=" + name, image, "sleep", "1000"},
	} {
		if _, err := docker(args...); err != nil {
			t.Fatal(err)
		}
	}
	r.Note("image", "elsewhere/"+r.id+":1")
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString(r.id + " " + os.Getenv("TMPDIR") + "\n")
	select {}
}

// left is what an engine and the machine still have of a run.
func left(t *testing.T, id string) string {
	t.Helper()
	var all []string
	for _, args := range [][]string{
		{"ps", "-a", "--format", "container {{.Names}}"},
		{"network", "ls", "--format", "network {{.Name}}"},
		{"volume", "ls", "--format", "volume {{.Name}}"},
		{"images", "--format", "image {{.Repository}}"},
	} {
		out, err := docker(args...)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out) {
			if strings.Contains(line, id) {
				all = append(all, strings.TrimSpace(line))
			}
		}
	}
	eachProcess(func(_ int, dir string) {
		if env, _ := os.ReadFile(filepath.Join(dir, "environ")); strings.Contains(string(env), variable+"="+id) {
			all = append(all, "process "+dir)
		}
	})
	return strings.Join(all, "\n")
}

// TestDeadRuns: what a run made is left alone while it lives, and is gone after
// the first sweep by another one when it was killed.
func TestDeadRuns(t *testing.T) {
	Current(t) // sweeps, and shows that the helper's sweep leaves living runs alone
	helper := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, variable+"=") && !strings.HasPrefix(setting, "TMPDIR=") {
			helper.Env = append(helper.Env, setting)
		}
	}
	helper.Env = append(helper.Env, "TESTRUN_HELPER=1")
	helper.Stderr = os.Stderr
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	id, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || folder == "" {
		t.Fatalf("the helper says %q, %v", line, err)
	}
	runs := filepath.Join(filepath.Dir(folder), "muster-test-runs")
	if err := sweep(runs); err != nil {
		t.Fatal(err)
	}
	if lives := left(t, id); strings.Count(lines(lives), "\n") != 7 {
		t.Errorf("of the living run the engine has:\n%s", lives)
	}
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait() // it was killed
	if err := sweep(runs); err != nil {
		t.Fatal(err)
	}
	// Another run's sweep may be at it as well.
	patience.OfEngine().Until(t, "nothing left of "+id, func() bool { return left(t, id) == "" })
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder of the dead run: %v", err)
	}
	if _, err := os.Stat(filepath.Join(runs, id)); !os.IsNotExist(err) {
		t.Errorf("the record of the dead run: %v", err)
	}
}

func lines(text string) string { return text + "\n" }

// TestRemoveEngine: processes that name the folder end, others do not, and the
// folder goes.
func TestRemoveEngine(t *testing.T) {
	dir := t.TempDir() + "/engine"
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	start := func(args ...string) *exec.Cmd {
		c := exec.Command("sh", append([]string{"-c", "sleep 1000; true"}, args...)...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	ours, other := start("--data-root", dir+"/data"), start("--data-root", dir+"2/data")
	RemoveEngine(dir)
	if err := ours.Wait(); err == nil {
		t.Error("the process of the engine was not ended")
	}
	if err := other.Process.Kill(); err != nil {
		t.Errorf("a process of another engine: %v", err)
	}
	_ = other.Wait() // it was killed
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder: %v", err)
	}
}

//go:build unix

package testrun

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// dead is a run that has ended, with the notes that it took.
type dead struct {
	id    string
	file  *os.File // locked, so that nobody else sweeps after it
	notes map[string][]string
}

// sweep removes what is left of the runs of the folder that have ended.
func sweep(runs string) error {
	all, err := findDead(runs)
	if err != nil || len(all) == 0 {
		return err
	}
	for _, d := range all {
		defer d.file.Close()
		killAll(variable + "=" + d.id)
		for _, dir := range d.notes["engine"] {
			RemoveEngine(dir)
		}
	}
	if err := sweepEngine(all); err != nil {
		return err // the records stay, for the next try
	}
	for _, d := range all {
		for _, dir := range d.notes["folder"] {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		err = errors.Join(err, os.Remove(d.file.Name()))
	}
	return err
}

func findDead(runs string) ([]dead, error) {
	entries, err := os.ReadDir(runs)
	if err != nil {
		return nil, err
	}
	var all []dead
	for _, e := range entries {
		f, err := os.OpenFile(filepath.Join(runs, e.Name()), os.O_RDWR, 0)
		if err != nil {
			continue // another user's, or gone by now
		}
		content, err := os.ReadFile(f.Name())
		if err != nil || syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil || !listed(f) {
			_ = f.Close() // it lives, or somebody sweeps after it already
			continue
		}
		d := dead{id: e.Name(), file: f, notes: map[string][]string{}}
		for line := range strings.Lines(string(content)) {
			kind, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			d.notes[kind] = append(d.notes[kind], name)
		}
		all = append(all, d)
	}
	return all, nil
}

// sweepEngine removes from the engine what bears a dead run's name, or is noted.
func sweepEngine(all []dead) error {
	const project = `{{.Label "com.docker.compose.project"}}`
	for _, kind := range []struct {
		name         string
		list, remove []string
	}{
		{"container", []string{"ps", "-a", "--format", "{{.Names}} " + project}, []string{"rm", "-f", "-v"}},
		{"network", []string{"network", "ls", "--format", "{{.Name}} " + project}, []string{"network", "rm"}},
		{"volume", []string{"volume", "ls", "--format", "{{.Name}} " + project}, []string{"volume", "rm", "-f"}},
		{"image", []string{"images", "--format", "{{.Repository}}:{{.Tag}}"}, []string{"rmi", "-f"}},
	} {
		out, err := docker(kind.list...)
		if err != nil {
			return err
		}
		var left []string
		for line := range strings.Lines(out) {
			name, of, _ := strings.Cut(strings.TrimSpace(line), " ")
			if slices.ContainsFunc(all, func(d dead) bool {
				return strings.HasPrefix(name, prefix(d.id)) || strings.HasPrefix(of, prefix(d.id)) || slices.Contains(d.notes[kind.name], name)
			}) {
				left = append(left, name)
			}
		}
		if len(left) > 0 {
			if _, err := docker(append(kind.remove, left...)...); err != nil {
				return err
			}
		}
	}
	return sweepBuilt(all)
}

// sweepBuilt removes images that have lost their names.
func sweepBuilt(all []dead) error {
	out, err := docker("images", "-q", "--filter", "label=com.docker.compose.project")
	if err != nil || out == "" {
		return err
	}
	out, err = docker(append([]string{"image", "inspect", "--format", `{{.Id}} {{index .Config.Labels "com.docker.compose.project"}}`}, strings.Fields(out)...)...)
	if err != nil {
		return nil // another run has removed one meanwhile: the next sweep finds the rest
	}
	for line := range strings.Lines(out) {
		id, of, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.ContainsFunc(all, func(d dead) bool { return strings.HasPrefix(of, prefix(d.id)) }) {
			_, _ = docker("rmi", "-f", id) // it may be the parent of one that is removed next
		}
	}
	return nil
}

func docker(args ...string) (string, error) {
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// RemoveBuilt removes the images that were built for a project, those too that
// have lost their names to later builds.
func RemoveBuilt(project string) error {
	out, err := docker("images", "-q", "--filter", "label=com.docker.compose.project="+project)
	for id := range strings.FieldsSeq(out) {
		_, _ = docker("rmi", "-f", id) // it may be the parent of one that is removed next
	}
	return err
}

// killAll ends every process with that variable in its environment.
func killAll(setting string) {
	eachProcess(func(pid int, dir string) {
		env, _ := os.ReadFile(filepath.Join(dir, "environ")) // unreadable is another user's
		if slices.Contains(strings.Split(string(env), "\x00"), setting) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	})
}

func eachProcess(do func(pid int, dir string)) {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // none where there is no such file system
	for _, dir := range dirs {
		var pid int
		if _, err := fmt.Sscan(filepath.Base(dir), &pid); err == nil && pid != os.Getpid() {
			do(pid, dir)
		}
	}
}

// RemoveEngine leaves nothing of the private engine that has the folder for its
// data, its sockets and its network namespace: containers, engine and mounts.
func RemoveEngine(dir string) {
	eachProcess(func(pid int, proc string) {
		args, _ := os.ReadFile(filepath.Join(proc, "cmdline"))
		mounts, _ := os.ReadFile(filepath.Join(proc, "mounts"))
		root, _, _ := bytes.Cut(mounts, []byte("\n"))
		// The engine, its containerd and shims name the folder; its containers stand on it.
		if bytes.Contains(args, []byte(dir+"/")) && !bytes.Contains(args, []byte(".test\x00")) || bytes.Contains(root, []byte(dir+"/")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	// Mounts upon mounts go in the reverse order.
	mounts, _ := os.ReadFile("/proc/self/mounts")
	lines := strings.Split(string(mounts), "\n")
	slices.Reverse(lines)
	for _, line := range lines {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], dir+"/") {
			_ = syscall.Unmount(f[1], syscall.MNT_DETACH)
		}
	}
	_ = os.RemoveAll(dir)
}

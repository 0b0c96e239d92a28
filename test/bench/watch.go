package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const edits = 15

// synced is a service that says what a file holds whenever that changes.
func synced(int) string {
	return `    entrypoint: [sh, -c, "while :; do read -r x < /w/f; [ \"$$x\" = \"$$l\" ] || echo \"$$x\"; l=$$x; usleep 2000; done 2>/dev/null"]
    develop: {watch: [{action: sync, path: ./watched, target: /w, initial_sync: true}]}
`
}

// watch measures how long an edited file takes into a container: the median.
func (b *bench) watch(ctx context.Context) ([]row, error) {
	file, err := b.write("watch", 1, synced)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(b.dir, "watched")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	edited := filepath.Join(folder, "f")
	if err := os.WriteFile(edited, []byte("0\n"), 0o644); err != nil {
		return nil, err
	}
	if _, err := b.run(ctx, "-f", file, "up", "-d"); err != nil {
		return nil, err
	}
	r := row{
		what:  fmt.Sprintf("`watch`: from an edited file to its content in the container, median of %d", edits),
		limit: limit{took: 300 * time.Millisecond},
	}
	if err := b.edit(ctx, file, edited, &r); err != nil {
		return nil, err
	}
	_, err = b.run(ctx, "-f", file, "down")
	return []row{r}, err
}

func (b *bench) edit(ctx context.Context, file, edited string, r *row) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	said := exec.CommandContext(ctx, "docker", "logs", "-f", fmt.Sprintf("%s-%s-1", stack, service(0)))
	output, err := said.StdoutPipe()
	if err != nil {
		return err
	}
	if err := said.Start(); err != nil {
		return err
	}
	defer func() {
		_ = said.Process.Kill()
		_ = said.Wait() // it was killed
	}()
	var errors bytes.Buffer
	watcher := exec.CommandContext(ctx, b.muster, "-f", file, "watch", "--no-up")
	watcher.Dir, watcher.Stderr = b.dir, &errors
	if err := watcher.Start(); err != nil {
		return err
	}
	took, err := measureEdits(bufio.NewReader(output), edited)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, errors.String())
	}
	if stopErr := watcher.Process.Signal(syscall.SIGINT); err == nil {
		err = stopErr
	}
	_ = watcher.Wait() // 130
	if err == nil {
		r.muster = took
		r.peak = peak(watcher.ProcessState)
	}
	return err
}

func measureEdits(said *bufio.Reader, edited string) (time.Duration, error) {
	expect := func(want string) error {
		for {
			line, err := said.ReadString('\n')
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			if err != nil || strings.TrimSpace(line) == want {
				return err
			}
		}
	}
	if err := expect("0"); err != nil { // the first copy: watching has begun
		return 0, err
	}
	var all []time.Duration
	for i := range edits {
		time.Sleep(200 * time.Millisecond) // an edit of its own, not a burst
		text := fmt.Sprint(i + 1)
		begin := time.Now()
		if err := os.WriteFile(edited, []byte(text+"\n"), 0o644); err != nil {
			return 0, err
		}
		if err := expect(text); err != nil {
			return 0, err
		}
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

const (
	settling = 20 * time.Second // after its start the supervisor looks at everything once
	resting  = time.Minute
)

// supervise measures what a supervisor of n containers costs while nothing
// happens: its memory and the processor time of a minute.
func (b *bench) supervise(ctx context.Context, n int) ([]row, error) {
	file, err := b.write("supervised", n, supervised)
	if err != nil {
		return nil, err
	}
	if _, err := b.run(ctx, "-f", file, "up", "-d"); err != nil {
		return nil, err
	}
	r := row{
		what:  fmt.Sprintf("`supervise` of %d containers at rest: processor time of a minute, and what is resident at its end", n),
		limit: limit{took: resting / 500, memory: 30 << 20}, // 0.2 % of one processor
	}
	if err := b.rest(ctx, file, &r); err != nil {
		return nil, err
	}
	if err := b.engine.expect(ctx, n); err != nil {
		return nil, fmt.Errorf("after supervise: %w", err)
	}
	_, err = b.run(ctx, "-f", file, "down")
	return []row{r}, err
}

// rest runs a supervisor, leaves it alone and ends it.
func (b *bench) rest(ctx context.Context, file string, r *row) error {
	var output bytes.Buffer
	command := exec.CommandContext(ctx, b.muster, "-f", file, "supervise")
	command.Dir = b.dir
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		return err
	}
	measured := func() error {
		if err := sleep(ctx, settling); err != nil {
			return err
		}
		before, err := processorTime(command.Process.Pid)
		if err != nil {
			return err
		}
		if err := sleep(ctx, resting); err != nil {
			return err
		}
		after, err := processorTime(command.Process.Pid)
		if err != nil {
			return err
		}
		r.muster = after - before
		r.peak, err = resident(command.Process.Pid)
		return err
	}()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil && measured == nil {
		measured = err
	}
	if err := command.Wait(); measured != nil {
		return fmt.Errorf("muster supervise: %w (%v)\n%s", measured, err, output.String())
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

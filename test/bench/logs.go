package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	logContainers = 3
	logLines      = 1_000_000 // of each
)

// talkative is a service that says a lot at once and then nothing.
func talkative(int) string {
	return fmt.Sprintf("    entrypoint: [sh, -c, \"yes 'a line of a program that says what it does in about a hundred bytes or so, as programs often do' | head -n %d; touch /done; exec sleep 86400\"]\n"+
		"    healthcheck: {test: [CMD, test, -e, /done], interval: 1s, retries: 600}\n", logLines)
}

// logs measures how fast the lines of several containers are merged, against
// `docker logs` for each of them, all at the same time.
func (b *bench) logs(ctx context.Context) ([]row, error) {
	file, err := b.write("logs", logContainers, talkative)
	if err != nil {
		return nil, err
	}
	if _, err := b.run(ctx, "-f", file, "up", "-d", "--wait"); err != nil {
		return nil, err
	}
	r := row{
		what:  fmt.Sprintf("`logs` of %d containers, %d million lines; floor: `docker logs` of each at the same time", logContainers, logContainers*logLines/1_000_000),
		limit: limit{ratio: 1 / 0.9},
	}
	for range b.rounds {
		took, err := dockerLogs(ctx)
		if err != nil {
			return nil, fmt.Errorf("floor: %w", err)
		}
		best(&r.floor, took)
		cost, err := b.run(ctx, "-f", file, "logs", "--no-log-prefix")
		if err != nil {
			return nil, err
		}
		r.took(cost)
	}
	_, err = b.run(ctx, "-f", file, "down")
	return []row{r}, err
}

func dockerLogs(ctx context.Context) (time.Duration, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	begin := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i := range logContainers {
		group.Go(func() error {
			command := exec.CommandContext(ctx, "docker", "logs", fmt.Sprintf("%s-%s-1", stack, service(i)))
			command.Stdout, command.Stderr = null, null
			return command.Run()
		})
	}
	err = group.Wait()
	return time.Since(begin), err
}

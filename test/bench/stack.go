package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// service is the name of a stack's i-th service.
func service(i int) string { return fmt.Sprintf("s%04d", i) }

// write makes a Compose file from the service bodies and returns its path.
func (b *bench) write(name string, n int, body func(i int) string) (string, error) {
	var file strings.Builder
	fmt.Fprintf(&file, "name: %s\nservices:\n", stack)
	for i := range n {
		fmt.Fprintf(&file, "  %s:\n    image: %s\n    command: [sleep, \"86400\"]\n    stop_signal: SIGKILL\n%s", service(i), image, body(i))
	}
	path := filepath.Join(b.dir, name+".yaml")
	return path, os.WriteFile(path, []byte(file.String()), 0o644)
}

// flat is a service that needs no other.
func flat(int) string { return "" }

// chained is a service that needs the one before it to have started.
func chained(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf("    depends_on: [%s]\n", service(i-1))
}

// healthy is a service with a check that passes at once, which needs the one
// before it to be healthy.
func healthy(i int) string {
	body := "    healthcheck: {test: [CMD, \"true\"], interval: 10s}\n"
	if i > 0 {
		body += fmt.Sprintf("    depends_on: {%s: {condition: service_healthy}}\n", service(i-1))
	}
	return body
}

// supervised is a service that only a supervisor restarts as the file says.
func supervised(int) string {
	return "    deploy: {restart_policy: {condition: on-failure, delay: 5s}}\n"
}

// rich is a service with the keys that a usual one has, for loading only.
func rich(i int) string {
	return fmt.Sprintf(`    environment: {LEVEL: info, NUMBER: "%d", URL: "http://${HOST:-localhost}:%d"}
    labels: {team: core, tier: "%d"}
    ports: ["127.0.0.1:%d:80"]
    volumes: ["./data:/data:ro"]
    restart: unless-stopped
%s`, i, 10000+i, i%3, 10000+i, healthy(i))
}

// usage is what one run of the program cost.
type usage struct {
	took time.Duration
	peak int64 // largest resident set, in bytes; 0 if not measured
}

// run runs muster and fails with its error output if it does not exit 0.
func (b *bench) run(ctx context.Context, args ...string) (usage, error) {
	var output bytes.Buffer
	command := exec.CommandContext(ctx, b.muster, args...)
	command.Dir = b.dir
	command.Stderr = &output // standard output goes nowhere: it can be large
	begin := time.Now()
	err := command.Run()
	took := time.Since(begin)
	if err != nil {
		return usage{}, fmt.Errorf("muster %s: %w\n%s", strings.Join(args, " "), err, output.String())
	}
	return usage{took, peak(command.ProcessState)}, nil
}

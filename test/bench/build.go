package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	"github.com/tonistiigi/fsutil"
)

const builtImage = stack + "-build:1"

// builtHere is a service that is built from the folder.
func builtHere(int) string {
	return "    build: ./built\n    pull_policy: build\n"
}

// build measures builds: one with nothing changed against `docker build` with
// BuildKit, and one whose context is large but for .dockerignore.
func (b *bench) build(ctx context.Context) ([]row, error) {
	folder := filepath.Join(b.dir, "built")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	for name, content := range map[string]string{
		"Dockerfile":    "FROM " + image + "\nCOPY source /source\nRUN sort /source > /sorted\nRUN wc -l < /sorted > /lines\n",
		"source":        "two\none\n",
		".dockerignore": "large\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(b.dir, "build.yaml")
	text := fmt.Sprintf("name: %s\nservices:\n  built:\n    image: %s\n%s", stack, builtImage, builtHere(0))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	defer func() { _ = exec.Command("docker", "rmi", "-f", builtImage).Run() }() // it may not have been built
	again := row{what: "`build` with nothing changed; floor: the engine's BuildKit by bare API calls, as `docker build` makes them + the start of a process (`version`)", limit: limit{ratio: 1.2}}
	large := row{what: "the same with 200 MiB that .dockerignore leaves out", limit: limit{ratio: 1.2}}
	for _, r := range []*row{&again, &large} {
		if r == &large {
			if err := os.WriteFile(filepath.Join(folder, "large"), make([]byte, 200<<20), 0o644); err != nil {
				return nil, err
			}
		}
		for round := range 2*b.rounds + 1 {
			start, err := b.run(ctx, "version")
			if err != nil {
				return nil, err
			}
			took, err := b.engine.build(ctx, folder)
			if err != nil {
				return nil, fmt.Errorf("floor: %w", err)
			}
			cost, err := b.run(ctx, "-f", file, "build")
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first builds
				best(&r.floor, start.took+took)
				r.took(cost)
			}
		}
	}
	return []row{again, large}, nil
}

// build builds as `docker build` does: through a session that hands the context
// over, with the engine's own BuildKit and its frontend.
func (e *engine) build(ctx context.Context, folder string) (took time.Duration, err error) {
	begin := time.Now()
	files, err := fsutil.NewFS(folder)
	if err != nil {
		return 0, err
	}
	s, err := session.NewSession(ctx, folder) // the key lets it send only what changed
	if err != nil {
		return 0, err
	}
	s.Allow(filesync.NewFSSyncProvider(filesync.StaticDirSource{"context": files, "dockerfile": files}))
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return e.api.DialHijack(ctx, "/session", proto, meta)
		})
	}()
	defer func() { err = errors.Join(err, s.Close(), <-ended) }()
	resp, err := e.api.ImageBuild(ctx, nil, build.ImageBuildOptions{
		Version: build.BuilderBuildKit, SessionID: s.ID(), RemoteContext: "client-session", Dockerfile: "Dockerfile",
		Tags: []string{builtImage}, BuildID: rand.Text(),
	})
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	output, err := io.ReadAll(resp.Body)
	if err == nil && bytes.Contains(output, []byte("errorDetail")) {
		err = fmt.Errorf("build: %s", output)
	}
	return time.Since(begin), err
}

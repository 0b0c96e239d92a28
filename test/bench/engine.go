package main

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"
)

const (
	image = "muster-test/busybox:1"
	// stack is the project that muster brings up; floor is the bare calls' own.
	stack = "muster-bench-stack"
	floor = "muster-bench-floor"
	// atOnce is the number of API calls in flight, of the floor as of muster.
	atOnce = 8
	// projectLabel is what muster's own objects are found by.
	projectLabel = "com.docker.compose.project"
)

// engine does by bare API calls, and nothing else, what muster is measured at.
type engine struct{ api *client.Client }

func dial(ctx context.Context) (*engine, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	if _, err := api.ImageInspect(ctx, image); err != nil {
		return nil, fmt.Errorf("image %s (make images builds it): %w", image, err)
	}
	return &engine{api}, nil
}

// about is one line on the engine and its machine.
func (e *engine) about(ctx context.Context) (string, error) {
	info, err := e.api.Info(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Docker Engine %s (API %s), %d CPUs, %.0f GiB, Linux %s, storage %s",
		info.ServerVersion, e.api.ClientVersion(), info.NCPU, float64(info.MemTotal)/(1<<30), info.KernelVersion, info.Driver), nil
}

// up makes a network and n running containers on it, and returns how long it took.
func (e *engine) up(ctx context.Context, n int) (time.Duration, error) {
	begin := time.Now()
	labels := map[string]string{projectLabel: floor}
	if _, err := e.api.NetworkCreate(ctx, floor, network.CreateOptions{Driver: "bridge", Labels: labels}); err != nil {
		return 0, err
	}
	err := each(ctx, n, func(ctx context.Context, i int) error {
		made, err := e.api.ContainerCreate(ctx,
			&container.Config{Image: image, Cmd: []string{"sleep", "86400"}, StopSignal: "SIGKILL", Labels: labels},
			&container.HostConfig{NetworkMode: container.NetworkMode(floor)},
			&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
				floor: {Aliases: []string{service(i)}},
			}}, nil, floorName(i))
		if err != nil {
			return err
		}
		return e.api.ContainerStart(ctx, made.ID, container.StartOptions{})
	})
	return time.Since(begin), err
}

// down stops and removes what up made, and returns how long it took.
func (e *engine) down(ctx context.Context, n int) (time.Duration, error) {
	begin := time.Now()
	err := each(ctx, n, func(ctx context.Context, i int) error {
		if err := e.api.ContainerStop(ctx, floorName(i), container.StopOptions{}); err != nil {
			return err
		}
		return e.api.ContainerRemove(ctx, floorName(i), container.RemoveOptions{})
	})
	if err != nil {
		return 0, err
	}
	err = e.api.NetworkRemove(ctx, floor)
	return time.Since(begin), err
}

// list asks for the stack's containers four times, one after another.
func (e *engine) list(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	for range 4 {
		if _, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: byLabel(stack)}); err != nil {
			return 0, err
		}
	}
	return time.Since(begin), nil
}

// expect fails unless just n containers of the measured stack exist and all of them run:
// a fast answer that is wrong is no result.
func (e *engine) expect(ctx context.Context, n int) error {
	found, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: byLabel(stack)})
	if err != nil {
		return err
	}
	running := 0
	for _, c := range found {
		if c.State == container.StateRunning {
			running++
		}
	}
	if len(found) != n || running != n {
		return fmt.Errorf("%d containers exist and %d run, want %d", len(found), running, n)
	}
	return nil
}

// clear removes every object of bench's own projects.
func (e *engine) clear(ctx context.Context) error {
	for _, project := range []string{floor, stack} {
		containers, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: byLabel(project)})
		if err != nil {
			return err
		}
		err = each(ctx, len(containers), func(ctx context.Context, i int) error {
			return e.api.ContainerRemove(ctx, containers[i].ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		})
		if err != nil {
			return err
		}
		networks, err := e.api.NetworkList(ctx, network.ListOptions{Filters: byLabel(project)})
		if err != nil {
			return err
		}
		for _, n := range networks {
			if err := e.api.NetworkRemove(ctx, n.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func byLabel(project string) filters.Args {
	return filters.NewArgs(filters.Arg("label", projectLabel+"="+project))
}

func floorName(i int) string { return fmt.Sprintf("%s-%d", floor, i) }

// each runs do for 0 to n-1, atOnce at a time.
func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

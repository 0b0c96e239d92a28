package docker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// Top implements engine.Inside.
func (e *Engine) Top(ctx context.Context, c engine.Ref) (titles []string, processes [][]string, err error) {
	t, err := call(ctx, e, read(), doing("list the processes of", c), func(ctx context.Context, d *client.Client) (container.TopResponse, error) {
		return d.ContainerTop(ctx, c.Key(), nil)
	})
	return t.Titles, t.Processes, err
}

// Stats implements engine.Inside.
func (e *Engine) Stats(ctx context.Context, c engine.Ref, follow bool, emit func(engine.Stats) error) error {
	return e.do(ctx, long(), doing("measure", c), func(ctx context.Context, d *client.Client) error {
		// Even for one reading the engine measures twice, so that there is a rate.
		answer, err := d.ContainerStats(ctx, c.Key(), follow)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		dec := json.NewDecoder(answer.Body)
		for {
			var s container.StatsResponse
			err := dec.Decode(&s)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := emit(stats(s)); err != nil {
				return err
			}
		}
	})
}

// stats computes what people look at, as `docker stats` does.
func stats(s container.StatsResponse) engine.Stats {
	out := engine.Stats{
		Read: s.Read, Memory: s.MemoryStats.Usage, MemoryLimit: s.MemoryStats.Limit, PIDs: s.PidsStats.Current,
		CPUPercent: cpuPercent(s),
	}
	// The page cache is no use of memory that anyone has to worry about: v1 and v2
	// control groups call it differently.
	for _, key := range []string{"total_inactive_file", "inactive_file"} {
		if cache, ok := s.MemoryStats.Stats[key]; ok {
			if cache < out.Memory {
				out.Memory -= cache
			}
			break
		}
	}
	for _, n := range s.Networks {
		out.NetRx += n.RxBytes
		out.NetTx += n.TxBytes
	}
	for _, b := range s.BlkioStats.IoServiceBytesRecursive {
		switch strings.ToLower(b.Op) {
		case "read":
			out.BlockRead += b.Value
		case "write":
			out.BlockWrite += b.Value
		}
	}
	return out
}

func cpuPercent(s container.StatsResponse) float64 {
	used := float64(s.CPUStats.CPUUsage.TotalUsage) - float64(s.PreCPUStats.CPUUsage.TotalUsage)
	if s.PreCPUStats.SystemUsage == 0 {
		return 0 // the first of a series has nothing to compare with
	}
	passed := float64(s.CPUStats.SystemUsage) - float64(s.PreCPUStats.SystemUsage)
	cpus := float64(s.CPUStats.OnlineCPUs)
	if cpus == 0 {
		cpus = float64(len(s.CPUStats.CPUUsage.PercpuUsage))
	}
	if used <= 0 || passed <= 0 {
		return 0
	}
	return used / passed * cpus * 100
}

package main

import (
	"context"
	"fmt"
	"time"
)

// measurement yields one or more rows of the table.
type measurement struct {
	name string
	run  func(context.Context) ([]row, error)
}

// row is one line of the table. A row without floor is held to an absolute limit.
type row struct {
	what   string
	floor  time.Duration // 0 if there is none
	muster time.Duration // 0 if memory alone was measured
	peak   int64         // bytes; 0 if not measured
	limit  limit
}

// limit is what a row must keep; its zero value is no limit.
type limit struct {
	ratio  float64
	took   time.Duration
	memory int64 // bytes
}

func (b *bench) measurements() []measurement {
	upDown := func(n int) measurement {
		return measurement{fmt.Sprintf("up and down of %d", n), func(ctx context.Context) ([]row, error) { return b.upDown(ctx, n) }}
	}
	return []measurement{
		upDown(10), upDown(50), upDown(100),
		{"no-op up of 50, flat", func(ctx context.Context) ([]row, error) { return b.noop(ctx, "no graph", flat) }},
		{"no-op up of 50, chained", func(ctx context.Context) ([]row, error) { return b.noop(ctx, "a chain of 50", chained) }},
		{"chain of service_healthy", b.chain},
		{"load of 1000 services", b.load},
		{"config of the largest files", b.config},
		{"build", b.build},
		{"logs", b.logs},
		{"watch", b.watch},
		{"supervise 100", func(ctx context.Context) ([]row, error) { return b.supervise(ctx, 100) }},
	}
}

// upDown measures bringing n containers up and taking them down.
func (b *bench) upDown(ctx context.Context, n int) ([]row, error) {
	file, err := b.write(fmt.Sprint("flat-", n), n, flat)
	if err != nil {
		return nil, err
	}
	up := row{what: fmt.Sprintf("`up -d` of %d containers", n), limit: limit{ratio: 1.1}}
	down := row{what: fmt.Sprintf("`down` of %d containers", n)}
	if n == 50 {
		up.limit.memory, down.limit.ratio = 40<<20, 1.15
	}
	for range b.rounds {
		if err := b.upDownOnce(ctx, n, file, &up, &down); err != nil {
			return nil, err
		}
	}
	return []row{up, down}, nil
}

func (b *bench) upDownOnce(ctx context.Context, n int, file string, up, down *row) error {
	took, err := b.engine.up(ctx, n)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	best(&up.floor, took)
	if took, err = b.engine.down(ctx, n); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	best(&down.floor, took)
	cost, err := b.run(ctx, "-f", file, "up", "-d")
	if err != nil {
		return err
	}
	up.took(cost)
	if err := b.engine.expect(ctx, n); err != nil {
		return fmt.Errorf("after up: %w", err)
	}
	if cost, err = b.run(ctx, "-f", file, "down"); err != nil {
		return err
	}
	down.took(cost)
	if err := b.engine.expect(ctx, 0); err != nil {
		return fmt.Errorf("after down: %w", err)
	}
	return nil
}

// noop measures an up that has nothing to do, against a process that only reads
// the same file plus four list calls: it may make no call besides, and none that
// grows with the graph. A second row has the bare start of the process for
// comparison.
func (b *bench) noop(ctx context.Context, shape string, body func(int) string) (rows []row, err error) {
	const n = 50
	file, err := b.write("noop", n, body)
	if err != nil {
		return nil, err
	}
	if _, err := b.run(ctx, "-f", file, "up", "-d"); err != nil {
		return nil, err
	}
	r := row{what: fmt.Sprintf("`up -d` of %d containers that run already (%s); floor: a process that reads the file (`config --quiet`) + 4 list calls", n, shape), limit: limit{ratio: 1}}
	bare := row{what: "the same; floor: a process that reads nothing (`version`) + 4 list calls"}
	for range 5 * b.rounds { // short, so it can afford more rounds
		start, err := b.run(ctx, "version")
		if err != nil {
			return nil, err
		}
		read, err := b.run(ctx, "-f", file, "config", "--quiet")
		if err != nil {
			return nil, err
		}
		lists, err := b.engine.list(ctx)
		if err != nil {
			return nil, err
		}
		best(&r.floor, read.took+lists)
		best(&bare.floor, start.took+lists)
		cost, err := b.run(ctx, "-f", file, "up", "-d")
		if err != nil {
			return nil, err
		}
		r.took(cost)
		bare.took(cost)
	}
	if err := b.engine.expect(ctx, n); err != nil {
		return nil, fmt.Errorf("after up: %w", err)
	}
	_, err = b.run(ctx, "-f", file, "down")
	return []row{r, bare}, err
}

// chain measures how long three services that wait for one another's health take.
func (b *bench) chain(ctx context.Context) ([]row, error) {
	file, err := b.write("chain", 3, healthy)
	if err != nil {
		return nil, err
	}
	r := row{what: "`up -d --wait` of a chain of three `service_healthy` with `interval: 10s`", limit: limit{took: 1500 * time.Millisecond}}
	for range b.rounds {
		cost, err := b.run(ctx, "-f", file, "up", "-d", "--wait")
		if err != nil {
			return nil, err
		}
		r.took(cost)
		if _, err := b.run(ctx, "-f", file, "down"); err != nil {
			return nil, err
		}
	}
	return []row{r}, nil
}

// load measures reading a large file, without an engine.
func (b *bench) load(ctx context.Context) ([]row, error) {
	file, err := b.write("load", 1000, rich)
	if err != nil {
		return nil, err
	}
	r := row{what: "`config --quiet` of a file of 1000 services"}
	for range b.rounds {
		cost, err := b.run(ctx, "-f", file, "config", "--quiet")
		if err != nil {
			return nil, err
		}
		r.took(cost)
	}
	return []row{r}, nil
}

// took keeps the fastest run and the largest memory.
func (r *row) took(u usage) {
	best(&r.muster, u.took)
	r.peak = max(r.peak, u.peak)
}

func best(so *time.Duration, took time.Duration) {
	if *so == 0 || took < *so {
		*so = took
	}
}

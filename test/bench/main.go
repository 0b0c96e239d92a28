// Command bench measures muster against the engine's own floor: the same work
// done by bare API calls, eight at once, in the same run. It needs an engine
// with the image muster-test/busybox:1, and it is the program behind `make bench`.
//
// Each measurement takes the best of several rounds; floor and muster take turns
// within a round, so that a slow moment of the machine meets both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var b bench
	out := flag.String("out", "", "write the table to this Markdown file too")
	only := flag.String("only", "", "run only the measurements whose name contains this")
	flag.StringVar(&b.muster, "muster", "./muster", "the program to measure")
	flag.IntVar(&b.rounds, "rounds", 3, "rounds of each measurement; the best one counts")
	flag.Parse()
	if err := b.main(ctx, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench holds what every measurement needs.
type bench struct {
	muster string // absolute path of the program
	rounds int
	dir    string // scratch folder for Compose files
	engine *engine
}

func (b *bench) main(ctx context.Context, only, out string) (err error) {
	if b.muster, err = filepath.Abs(b.muster); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "muster-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.engine, err = dial(ctx); err != nil {
		return err
	}
	if err := b.engine.clear(ctx); err != nil {
		return err
	}
	// What an interrupted measurement leaves behind goes even when ctx is over.
	defer b.engine.clear(context.WithoutCancel(ctx))

	var rows []row
	for _, m := range b.measurements() {
		if !strings.Contains(m.name, only) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s …\n", m.name)
		found, err := m.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		rows = append(rows, found...)
	}
	about, err := b.engine.about(ctx)
	if err != nil {
		return err
	}
	report := render(about, b.rounds, rows)
	fmt.Print(report)
	if out == "" {
		return nil
	}
	return os.WriteFile(out, []byte(report), 0o644)
}

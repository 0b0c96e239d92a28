package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// config measures how much memory the largest models take that a file can hold:
// the most services, and the most dependencies.
func (b *bench) config(ctx context.Context) ([]row, error) {
	var many, dense strings.Builder
	many.WriteString("services:\n")
	for i := range 20_000 {
		fmt.Fprintf(&many, "  %s: {image: %s}\n", service(i), image)
	}
	dense.WriteString("services:\n")
	for i := range 400 {
		fmt.Fprintf(&dense, "  %s: {image: %s, depends_on: [", service(i), image)
		for j := range i {
			dense.WriteString(service(j) + ", ")
		}
		dense.WriteString("]}\n")
	}
	var rows []row
	for _, m := range []struct{ name, what, text string }{
		{"many", "of 20000 services", many.String()}, {"dense", "of 400 services that depend on all before them", dense.String()},
	} {
		file := filepath.Join(b.dir, m.name+".yaml")
		if err := os.WriteFile(file, []byte(m.text), 0o644); err != nil {
			return nil, err
		}
		for _, args := range [][]string{{"config"}, {"config", "--quiet"}, {"config", "--format", "json"}} {
			r := row{what: "`" + strings.Join(args, " ") + "` " + m.what, limit: limit{memory: 256 << 20}}
			cost, err := b.run(ctx, append([]string{"-p", stack, "-f", file}, args...)...)
			if err != nil {
				return nil, err
			}
			r.took(cost)
			rows = append(rows, r)
		}
	}
	return rows, nil
}

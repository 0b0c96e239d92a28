package main

import (
	"fmt"
	"strings"
	"time"
)

// render is the report, as Markdown that also reads well on a terminal.
func render(about string, rounds int, rows []row) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks

`+"`make bench`"+` writes this file. Floor is the same work by bare API calls, %d at once, in the same run: nothing but
creating the network, creating, starting, stopping and removing. Muster's times are those of the whole process, from its
start to its end. The best of %d rounds counts, floor and muster taking turns; memory is the largest of all rounds.

%s.

| what | floor | muster | ratio | peak memory | target | |
|---|---|---|---|---|---|---|
`, atOnce, rounds, about)
	for _, r := range rows {
		verdict := "met"
		if !r.met() {
			verdict = "**missed**"
		}
		if r.limit == (limit{}) {
			verdict = ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n",
			r.what, duration(r.floor), duration(r.muster), r.ratio(), mebibytes(r.peak), r.limit, verdict)
	}
	return b.String()
}

// met reports whether the row keeps its limits.
func (r row) met() bool {
	return (r.limit.ratio == 0 || float64(r.muster) <= r.limit.ratio*float64(r.floor)) &&
		(r.limit.took == 0 || r.muster <= r.limit.took) &&
		(r.limit.memory == 0 || r.peak <= r.limit.memory)
}

func (r row) ratio() string {
	if r.floor == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", float64(r.muster)/float64(r.floor))
}

// String lists the limits.
func (l limit) String() string {
	var parts []string
	if l.ratio != 0 {
		parts = append(parts, fmt.Sprintf("≤ %.3g × floor", l.ratio))
	}
	if l.took != 0 {
		parts = append(parts, "≤ "+duration(l.took))
	}
	if l.memory != 0 {
		parts = append(parts, "≤ "+mebibytes(l.memory))
	}
	return strings.Join(parts, ", ")
}

func duration(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}

func mebibytes(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
}

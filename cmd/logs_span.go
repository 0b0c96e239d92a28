package cmd

import (
	"fmt"
	"strconv"
	"time"

	"github.com/musterdev/muster/engine"
)

// span is which part of the logs is read. What ends in the past is not followed.
func (o *logsOptions) span(now time.Time) (engine.LogOptions, error) {
	read := engine.LogOptions{Since: o.since, Until: o.until}
	var err error
	if read.Tail, err = parseTail(o.tail); err != nil {
		return read, err
	}
	for _, bound := range []struct{ flag, text string }{{"since", o.since}, {"until", o.until}} {
		if bound.text == "" {
			continue
		}
		at, err := instant(bound.text, now)
		if err != nil {
			return read, fmt.Errorf("invalid value for --%s: %q: use a time such as 2013-01-02T13:23:37Z or a duration such as 42m", bound.flag, bound.text)
		}
		if bound.flag == "until" && !at.After(now) {
			o.follow = false
		}
	}
	return read, nil
}

// parseTail reads the number of lines per container; all is -1.
func parseTail(text string) (int, error) {
	if text == "all" || text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("invalid value for --tail: %q: use a number or all", text)
	}
	return n, nil
}

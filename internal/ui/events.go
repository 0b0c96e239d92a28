package ui

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
)

// PrintEvent writes an event of a container, as JSON or as a line of text. The
// labels of Docker Compose and of muster are left out, attributes are sorted.
func PrintEvent(w io.Writer, ev engine.Event, asJSON bool) error {
	attributes := maps.Clone(ev.Attributes)
	maps.DeleteFunc(attributes, func(k, _ string) bool {
		return strings.HasPrefix(k, "com.docker.compose.") || strings.HasPrefix(k, "dev.muster.")
	})
	if asJSON {
		return printEventJSON(w, ev, attributes)
	}
	pairs := make([]string, 0, len(attributes))
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		pairs = append(pairs, k+"="+attributes[k])
	}
	return PrintLine(w, fmt.Sprintf("%s container %s %s (%s)", ev.Time.Format("2006-01-02 15:04:05.000000"), eventAction(ev), ev.Container.ID, strings.Join(pairs, ", ")))
}

func printEventJSON(w io.Writer, ev engine.Event, attributes map[string]string) error {
	return NewJSONEncoder(w).Encode(struct {
		Action     string            `json:"action"`
		Attributes map[string]string `json:"attributes"`
		ID         string            `json:"id"`
		Service    string            `json:"service"`
		Time       string            `json:"time"`
		Type       string            `json:"type"`
	}{eventAction(ev), attributes, ev.Container.ID, ev.Service, ev.Time.Format(time.RFC3339Nano), "container"})
}

func eventAction(ev engine.Event) string {
	if ev.Health != "" {
		return ev.Action + ": " + string(ev.Health)
	}
	return ev.Action
}

package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence"
)

// PrintEvent writes an event of a container, as JSON or as a line of text. The
// labels of Docker Compose are left out, attributes are sorted.
func PrintEvent(w io.Writer, ev convergence.Event, asJSON, terminal bool) error {
	attributes := map[string]string{}
	for k, v := range ev.Attributes {
		if !strings.HasPrefix(k, "com.docker.compose.") {
			attributes[k] = v
		}
	}
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			Action     string            `json:"action"`
			Attributes map[string]string `json:"attributes"`
			ID         string            `json:"id"`
			Service    string            `json:"service"`
			Time       string            `json:"time"`
			Type       string            `json:"type"`
		}{eventAction(ev), attributes, ev.Container.ID, ev.Service, ev.Time.Format(time.RFC3339Nano), "container"})
	}
	pairs := make([]string, 0, len(attributes))
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		pairs = append(pairs, k+"="+attributes[k])
	}
	line := fmt.Sprintf("%s container %s %s (%s)", ev.Time.Format("2006-01-02 15:04:05.000000"), eventAction(ev), ev.Container.ID, strings.Join(pairs, ", "))
	if terminal {
		line = Escape(line)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

func eventAction(ev convergence.Event) string {
	if ev.Health != "" {
		return ev.Action + ": " + string(ev.Health)
	}
	return ev.Action
}

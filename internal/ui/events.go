package ui

import (
	"bytes"
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
// labels of Docker Compose and of muster are left out, attributes are sorted.
func PrintEvent(w io.Writer, ev convergence.Event, asJSON, terminal bool) error {
	attributes := maps.Clone(ev.Attributes)
	maps.DeleteFunc(attributes, func(k, _ string) bool {
		return strings.HasPrefix(k, "com.docker.compose.") || strings.HasPrefix(k, "dev.muster.")
	})
	if asJSON {
		return printEventJSON(w, ev, attributes, terminal)
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

func printEventJSON(w io.Writer, ev convergence.Event, attributes map[string]string, terminal bool) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(struct {
		Action     string            `json:"action"`
		Attributes map[string]string `json:"attributes"`
		ID         string            `json:"id"`
		Service    string            `json:"service"`
		Time       string            `json:"time"`
		Type       string            `json:"type"`
	}{eventAction(ev), attributes, ev.Container.ID, ev.Service, ev.Time.Format(time.RFC3339Nano), "container"})
	if err != nil {
		return err
	}
	return writeJSONLine(w, line.Bytes(), terminal)
}

// writeJSONLine writes an encoded object. JSON leaves control characters above
// 0x7e as they are, which a terminal must not see.
func writeJSONLine(w io.Writer, line []byte, terminal bool) error {
	if terminal {
		line = append(Sanitize(nil, bytes.TrimSuffix(line, []byte{'\n'})), '\n')
	}
	_, err := w.Write(line)
	return err
}

func eventAction(ev convergence.Event) string {
	if ev.Health != "" {
		return ev.Action + ": " + string(ev.Health)
	}
	return ev.Action
}

//go:build unix

package testrun

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Onlooker looks at an engine for a person who wonders why a test failed.
type Onlooker struct {
	// Host is DOCKER_HOST for an engine that is not the usual one.
	Host string
	// Log is the engine's own log; nil is that of the machine's engine.
	Log func() string
	// Since is when the test began.
	Since time.Time
}

// Explain tells of a project's containers, of what became of them and of what
// the engine says of itself.
func (o Onlooker) Explain(project string) string {
	of := "label=com.docker.compose.project=" + project
	var b strings.Builder
	b.WriteString("containers of " + project + ":\n")
	b.WriteString(o.docker("ps", "-a", "--no-trunc", "--filter", of, "--format", "{{.Names}}\t{{.Status}}\t{{.Image}}\t{{.Ports}}"))
	for name := range strings.FieldsSeq(o.docker("ps", "-a", "--filter", of, "--format", "{{.Names}}")) {
		b.WriteString("\n" + name + ": " + o.docker("inspect", "--format", "{{json .State}}", name))
		b.WriteString(tail(o.docker("logs", "--tail", "20", name), 20))
	}
	b.WriteString("\nthe last events:\n")
	b.WriteString(tail(o.docker("events", "--since", o.Since.Format(time.RFC3339Nano), "--until", "0s", "--filter", of,
		"--format", `{{.TimeNano}} {{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}`), 40))
	b.WriteString("\nthe engine's log:\n" + tail(o.log(), 20))
	return b.String()
}

func (o Onlooker) docker(args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // the engine may be what hangs
	defer cancel()
	c := exec.CommandContext(ctx, "docker", args...)
	if o.Host != "" {
		c.Env = append(os.Environ(), "DOCKER_HOST="+o.Host, "DOCKER_CONTEXT=")
	}
	out, err := c.CombinedOutput()
	if err != nil {
		return string(out) + err.Error() + "\n"
	}
	return string(out)
}

func (o Onlooker) log() string {
	if o.Log != nil {
		return o.Log()
	}
	// Where scripts/engine.sh has it written. Elsewhere systemd has it.
	text, err := os.ReadFile(cmp.Or(os.Getenv("MUSTER_DOCKERD_LOG"), "/var/log/dockerd.log"))
	if err != nil {
		return err.Error() + "\n"
	}
	return string(text)
}

func tail(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[max(0, len(all)-lines-1):], "")
}

// ExplainFailure makes a test that fails end with what Explain tells. Call it
// after what removes the project is registered: the last one goes first.
func ExplainFailure(t testing.TB, o Onlooker, project string) {
	o.Since = time.Now()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(o.Explain(project))
		}
	})
}

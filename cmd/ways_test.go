package cmd

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// oldEngine can make no container of the service called new.
type oldEngine struct{ *memengine.Engine }

func (oldEngine) Check(_ context.Context, p *project.Project) ([]engine.Finding, error) {
	if p.Service("new") != nil {
		return []engine.Finding{{Text: "service new needs a newer engine", Refuses: true}}, nil
	}
	return nil, nil
}

// TestOneWayUp: an up in the foreground refuses what a detached one refuses, with
// the same words and before anything changes, whatever would have come first; and
// asks the engine for the same. It is so by construction: both are one
// operation.Operation, Run is the only way of internal/foreground to change
// anything until Begin, and nothing is changed before (TestNothingChangesBeforeBegin).
func TestOneWayUp(t *testing.T) {
	const good = "services:\n  web: {image: \"muster-test/busybox:1\", command: echo web, depends_on: [db]}\n" +
		"  db: {image: \"muster-test/busybox:1\", command: echo db}\n"
	for name, c := range map[string]struct{ files, args, want string }{
		"an engine too old":  {good + "  new: {image: \"muster-test/busybox:1\"}\n", "", "service new needs a newer engine"},
		"a name of others":   {good + "  named: {image: \"muster-test/busybox:1\", container_name: theirs}\n", "", "theirs"},
		"a policy":           {good + "  strong: {image: \"muster-test/busybox:1\", privileged: true}\n", "--policy deny:privileged", "privileged"},
		"an image not there": {good + "  other: {image: \"muster-test/nothing:1\", pull_policy: never}\n", "", "muster-test/nothing:1"},
		"nothing at all":     {good, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var asked [2][]string
			var said [2]string
			for i, verb := range []string{"up -d", "up"} {
				h := newShelf(t, map[string]string{"compose.yaml": c.files})
				if _, err := h.engine.CreateContainer(t.Context(), engine.CreateSpec{
					Project: &project.Project{Name: "stranger"}, Service: &project.Service{Name: "x", Image: "muster-test/busybox:1"}, Name: "theirs",
				}); err != nil {
					t.Fatal(err)
				}
				h.engine.ForgetCalls()
				var out, errs bytes.Buffer
				app := &App{
					In: strings.NewReader(""), Out: &out, Err: &errs, Env: h.env, Dir: h.dir, LockDir: shortDir(t),
					Connect: func(docker.Options) (engine.Engine, error) { return oldEngine{h.engine}, nil },
				}
				code := Main(app, strings.Fields(verb+" "+c.args))
				asked[i], said[i] = h.engine.Mutations(), errs.String()
				slices.Sort(asked[i])
				if refused := c.want != ""; refused != (code != 0) || !strings.Contains(said[i], c.want) {
					t.Errorf("%s ends with code %d\n%s", verb, code, said[i])
				}
				if c.want != "" && len(asked[i]) > 0 {
					t.Errorf("%s refuses after %q", verb, asked[i])
				}
			}
			if !slices.Equal(asked[0], asked[1]) {
				t.Errorf("detached it asks for\n%q\nattached for\n%q", asked[0], asked[1])
			}
			if c.want != "" && said[0] != said[1] {
				t.Errorf("detached it says\n%sattached\n%s", said[0], said[1])
			}
		})
	}
}

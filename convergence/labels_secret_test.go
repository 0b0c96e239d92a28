package convergence_test

import (
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// TestLabelsGiveNothingAway: no label of ours can be worked out from what a
// secret is and what everybody knows. Whatever differs with a config, a secret or
// a variable differs with the user's key too, and without a key there is nothing
// of them at all. Docker Compose's own config hash, which tells environments
// apart, is what that tool writes too.
func TestLabelsGiveNothingAway(t *testing.T) {
	dir := t.TempDir()
	labels := func(secret string, key project.Key) map[string]string {
		t.Helper()
		file := strings.NewReader(`
services:
  web:
    image: x:1
    environment: {PASSWORD: "` + secret + `"}
    command: [serve, --token, "` + secret + `"]
    configs: [inline, variable]
    secrets: [pin]
configs: {inline: {content: "` + secret + `"}, variable: {environment: PIN}}
secrets: {pin: {environment: PIN}}
`)
		want, _, err := loader.Load(t.Context(), loader.Input{
			Files: []string{"-"}, Stdin: file, WorkingDir: dir, ProjectName: "demo", Env: []string{"PIN=" + secret}, Key: key,
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := up.PlanUp(want, engine.Observed{Project: "demo"}, up.UpOptions{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Steps {
			if create, ok := s.Action.(plan.CreateContainer); ok {
				return create.Spec.Labels
			}
		}
		t.Fatalf("nothing is created:\n%s", p)
		return nil
	}
	one, two := project.NewKey([]byte("one")), project.NewKey([]byte("two"))
	base, changed, other, none := labels("8351", one), labels("8352", one), labels("8351", two), labels("8352", project.Key{})
	differ := 0
	for name, value := range base {
		if strings.HasPrefix(name, "com.docker.compose.") {
			continue
		}
		if value != changed[name] {
			differ++
			for _, part := range strings.Split(value, ",") {
				if !strings.Contains(changed[name], part) && strings.Contains(other[name], part) {
					t.Errorf("label %s: %s tells of a secret whatever the key is", name, part)
				}
			}
		}
		if strings.Contains(value, "8351") {
			t.Errorf("label %s holds the secret: %s", name, value)
		}
	}
	if differ < 2 {
		t.Errorf("%d labels notice a change, want those of content and sections:\n%v", differ, base)
	}
	for name, value := range none {
		if strings.HasPrefix(name, project.LabelPrefix) && value != labels("8351", project.Key{})[name] {
			t.Errorf("without a key label %s tells of a secret", name)
		}
	}
}

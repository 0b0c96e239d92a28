package convergence_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
)

// TestBasesFollowThePulls applies plans with images that may be pulled or else
// are built on others: what is built, and what is said of it.
func TestBasesFollowThePulls(t *testing.T) {
	const file = `services:
  app: {image: "reg/app:1", build: {dockerfile_inline: "FROM reg/ground:1"}}
  ground: {image: "reg/ground:1", build: ., profiles: [idle]}
`
	for _, tc := range []struct {
		name          string
		published     []string
		built, saying []string
	}{
		{"nothing is published", nil, []string{"reg/ground:1", "reg/app:1"}, []string{"Image reg/ground:1 Built", "Image reg/app:1 Built"}},
		{"the image is", []string{"reg/app:1"}, nil, []string{"Image reg/ground:1 Skipped", "Image reg/app:1 Pulled"}},
		// Whoever took the base's name in the registry does not get into the image.
		{"a stranger's base is", []string{"reg/ground:1"}, []string{"reg/ground:1", "reg/app:1"}, []string{"Image reg/ground:1 Built"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := load(t, file, "")
			e := memengine.New()
			defer e.Close()
			for _, ref := range tc.published {
				e.Publish(memengine.Image{Ref: ref})
			}
			plan, err := up.PlanUp(p, engine.Observed{Project: "demo"}, up.UpOptions{NoStart: true})
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			err = apply.Apply(context.Background(), plan, e, nil, func(p engine.Progress) {
				if p.Phase == engine.Done {
					said = append(said, p.ID+" "+p.Text)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			var built []string
			for _, c := range e.Calls() {
				if c.Method == "BuildImage" {
					built = append(built, c.Target)
				}
			}
			if !slices.Equal(built, tc.built) {
				t.Errorf("built %q, want %q", built, tc.built)
			}
			for _, want := range tc.saying {
				if !slices.Contains(said, want) {
					t.Errorf("%q was not said: %s", want, fmt.Sprint(said))
				}
			}
		})
	}
}

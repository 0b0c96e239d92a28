package memengine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// TestBoot holds the engine to what docs/adr/0010 saw a real one do.
func TestBoot(t *testing.T) {
	for _, tc := range []struct {
		name, policy string
		end          func(*memengine.Engine)
		before       string // what happens to the container first
		running      bool
		code         int
	}{
		{"killed", "unless-stopped", (*memengine.Engine).Crash9, "", false, 137},
		{"killed", "always", (*memengine.Engine).Crash9, "", true, 0},
		{"killed", "on-failure", (*memengine.Engine).Crash9, "", true, 0},
		{"killed", "no", (*memengine.Engine).Crash9, "", false, 137},
		{"killed after a stop", "unless-stopped", (*memengine.Engine).Crash9, "stop", false, 0},
		{"killed after a stop", "always", (*memengine.Engine).Crash9, "stop", true, 0},
		{"clean", "unless-stopped", (*memengine.Engine).ShutDown, "", true, 0},
		{"clean", "always", (*memengine.Engine).ShutDown, "", true, 0},
		{"clean, exit 0", "on-failure", (*memengine.Engine).ShutDown, "", false, 0},
		{"clean", "no", (*memengine.Engine).ShutDown, "", false, 0},
		{"clean after a stop", "unless-stopped", (*memengine.Engine).ShutDown, "stop", false, 0},
		{"clean in backoff", "always", (*memengine.Engine).ShutDown, "crash", true, 0},
	} {
		t.Run(tc.name+" "+tc.policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, ctx, ref := memengine.New(), context.Background(), engine.Ref{Name: "p-web-1"}
				defer e.Close()
				e.AddImages("image")
				p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{
					"web": {Name: "web", Image: "image", NetworkMode: "none"},
				}}})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := e.CreateContainer(ctx, engine.CreateSpec{
					Project: p, Service: p.Services[0], Name: ref.Name, Number: 1, RestartPolicy: tc.policy,
				}); err != nil {
					t.Fatal(err)
				}
				if err := e.StartContainer(ctx, ref); err != nil {
					t.Fatal(err)
				}
				switch tc.before {
				case "stop":
					err = e.StopContainer(ctx, ref, nil)
				case "crash":
					err = e.Crash(ref.Name, 1)
				}
				if err != nil {
					t.Fatal(err)
				}
				tc.end(e)
				if _, err := e.InspectContainer(ctx, ref); err == nil {
					t.Error("an engine that is down answers")
				}
				time.Sleep(time.Minute)
				e.Boot()
				c, err := e.InspectContainer(ctx, ref)
				if err != nil {
					t.Fatal(err)
				}
				if (c.State == engine.Running) != tc.running || c.ExitCode != tc.code {
					t.Errorf("%s with code %d, want running: %v with code %d", c.State, c.ExitCode, tc.running, tc.code)
				}
			})
		})
	}
}

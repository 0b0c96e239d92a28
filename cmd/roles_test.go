package cmd

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
)

// TestBackendOfFewRoles: on a backend that has few of the roles of an engine no
// command panics or waits for what never comes. It works, or says that this engine
// does not support it; where there are containers, other faults may come first.
func TestBackendOfFewRoles(t *testing.T) {
	for name, declares := range map[string]func(engine.Engine) engine.Roles{
		"nothing":                     func(engine.Engine) engine.Roles { return engine.Roles{} },
		"networks and volumes":        func(e engine.Engine) engine.Roles { return engine.Roles{Networks: e, Volumes: e, Info: e} },
		"containers":                  func(e engine.Engine) engine.Roles { return engine.Roles{Containers: e, Info: e} },
		"all but events":              func(e engine.Engine) engine.Roles { r := engine.RolesOf(e); r.Events = nil; return r },
		"all but images":              func(e engine.Engine) engine.Roles { r := engine.RolesOf(e); r.Images = nil; return r },
		"all but what goes on inside": func(e engine.Engine) engine.Roles { r := engine.RolesOf(e); r.Inside = nil; return r },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newShelf(t, map[string]string{"compose.yaml": `
services:
  web: {image: "muster-test/busybox:1", command: echo web, volumes: ["data:/data"]}
  built: {build: ., image: "shop/built", command: echo built, develop: {watch: [{path: src, target: /src, action: sync}]}}
volumes: {data: }
`, "src/file": "x", "units/readme": "x", "Dockerfile": "FROM muster-test/busybox:1\n"})
			h.must("create") // so that there is something that cannot be done with it
			said := 0
			roles := declares(h.engine)
			for _, command := range slices.Sorted(maps.Keys(dryRuns)) {
				for _, line := range dryRuns[command] {
					if strings.HasPrefix(line, "watch") || line == "up --watch" || strings.HasPrefix(line, "supervise") && roles.Events != nil {
						continue // stays until it is told to go
					}
					var out, errs bytes.Buffer
					app := &App{
						In: strings.NewReader(""), Out: &out, Err: &errs, Env: h.env, Dir: h.dir, Version: "v1.2.3",
						LockDir: shortDir(t), UnitDir: filepath.Join(h.dir, "units"),
						Connect: func(docker.Options) (engine.Engine, error) { return roles.Engine(), nil },
					}
					// Each engine's turn has a socket of its own: they run side by side.
					code := Main(app, strings.Fields(strings.ReplaceAll(line, "never.sock", filepath.Join(app.LockDir, "never.sock"))))
					switch unsupported := strings.Contains(errs.String(), engine.ErrUnsupported.Error()); {
					case unsupported && code == 0:
						t.Errorf("muster %s ends well, and says\n%s", line, errs.String())
					case unsupported:
						said++
					case code != 0 && roles.Containers == nil:
						t.Errorf("muster %s ends with code %d\n%s%s", line, code, out.String(), errs.String())
					}
				}
			}
			if said == 0 {
				t.Error("nobody says that anything is not supported")
			}
		})
	}
}

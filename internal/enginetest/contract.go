package enginetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/project"
)

// Fixture is what the contract needs to know of the engine it runs on.
type Fixture struct {
	// Image is a local image with a shell and the usual small tools, no
	// ENTRYPOINT, no VOLUME, no HEALTHCHECK and no STOPSIGNAL.
	Image string
	// Prefix begins the name of every object that the contract makes. It must
	// be unique on the engine and a valid project name.
	Prefix string
	// Port is a host port that nothing uses; the contract publishes it.
	Port int
	// Patience is how long to wait for what the engine should do at once.
	Patience patience.Patience
	// Explain is what a person needs to know when a test of a project failed; may
	// be nil.
	Explain func(project string) string
}

// Run checks that a backend keeps the contract of the roles that it declares, and
// says of every call of another one that it does not support it. It removes
// whatever it made.
func Run(t *testing.T, declared engine.Roles, fx Fixture) {
	has, e := rolesOf(declared), declared.Engine()
	t.Run("undeclared", func(t *testing.T) { testUndeclared(t, has, e) })
	for _, part := range []struct {
		name  string
		tests []test
	}{
		{"about", infoTests()},
		{"containers", containerTests()},
		{"lifecycle", lifecycleTests()},
		{"streams", streamTests()},
		{"reports", onlookerTests()},
		{"inside", insideTests()},
		{"talk", sessionTests()},
		{"objects", objectTests()},
		{"networks", networkTests()},
	} {
		for i, tc := range part.tests {
			if tc.needs&^has != 0 {
				continue
			}
			t.Run(part.name+"/"+tc.name, func(t *testing.T) {
				t.Parallel()
				tc.run(newHarness(t, e, has, fx, fmt.Sprintf("%s%s%d", fx.Prefix, part.name[:1], i)))
			})
		}
	}
}

// test is a rule of the contract. It holds for a backend that declares the roles
// that are needed to see it.
type test struct {
	name  string
	run   func(*harness)
	needs role
}

// harness is one test's place on the engine: a project of its own.
type harness struct {
	*testing.T
	engine.Engine
	has     role // what the engine declares
	fx      Fixture
	name    string // of the project
	compose *types.Project
}

func newHarness(t *testing.T, e engine.Engine, has role, fx Fixture, name string) *harness {
	h := &harness{T: t, Engine: e, has: has, fx: fx, name: name, compose: &types.Project{
		Name: name, Services: types.Services{}, Networks: types.Networks{}, Volumes: types.Volumes{},
	}}
	t.Cleanup(h.sweep)
	if fx.Explain != nil {
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(fx.Explain(name))
			}
		})
	}
	return h
}

// sweep removes everything of the harness's project.
func (h *harness) sweep() {
	ctx, cancel := h.fx.Patience.Context(context.Background())
	defer cancel()
	if h.has&containers != 0 {
		cs, err := h.ListContainers(ctx, engine.ContainerFilter{Project: h.name})
		h.must(err)
		for _, c := range cs {
			h.must(h.RemoveContainer(ctx, c.Ref, true))
		}
	}
	if h.has&networks != 0 {
		ns, err := h.ListNetworks(ctx)
		h.must(err)
		for _, n := range ns {
			if strings.HasPrefix(n.Name, h.name+"_") {
				h.must(h.RemoveNetwork(ctx, n.ID))
			}
		}
	}
	if h.has&volumes != 0 {
		vs, err := h.ListVolumes(ctx)
		h.must(err)
		for _, v := range vs {
			if strings.HasPrefix(v.Name, h.name+"_") {
				h.must(h.RemoveVolume(ctx, v.Name))
			}
		}
	}
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// obedient is a command that runs until it is told to stop, and stops at once.
const obedient = "trap 'exit 0' TERM; touch /up; while :; do sleep 0.05; done"

// stubborn is one that only KILL ends.
const stubborn = "trap '' TERM; touch /up; while :; do sleep 0.05; done"

// service declares a service that runs the script, without a network unless
// change says so.
func (h *harness) service(name, script string, change func(*types.ServiceConfig)) {
	cfg := types.ServiceConfig{Name: name, Image: h.fx.Image, Command: []string{"sh", "-c", script}, NetworkMode: "none"}
	if change != nil {
		change(&cfg)
	}
	h.compose.Services[name] = cfg
}

// project is what has been declared so far.
func (h *harness) project() *project.Project {
	h.Helper()
	p, err := project.New(project.Input{Compose: h.compose})
	h.must(err)
	return p
}

// spec asks for the service's first container.
func (h *harness) spec(service string) engine.CreateSpec {
	h.Helper()
	p := h.project()
	return engine.CreateSpec{
		Project: p, Service: p.Service(service), Name: h.name + "-" + service + "-1", Number: 1,
		Labels: map[string]string{
			project.LabelProject: h.name, project.LabelService: service, project.LabelOneOff: "False",
			project.LabelContainerNumber: "1", project.LabelConfigHash: "0",
		},
	}
}

func (h *harness) create(service string) engine.Ref {
	h.Helper()
	spec := h.spec(service)
	r, err := h.CreateContainer(h.Context(), spec)
	h.must(err)
	return engine.Ref{ID: r.ID, Name: spec.Name}
}

// up declares, creates and starts a service in one go.
func (h *harness) up(name, script string, change func(*types.ServiceConfig)) engine.Ref {
	h.Helper()
	h.service(name, script, change)
	c := h.create(name)
	h.must(h.StartContainer(h.Context(), c))
	return c
}

// run is up for scripts that end with one of the loops above; it returns when
// the script has come that far, for a signal before that meets no trap.
func (h *harness) run(name, script string, change func(*types.ServiceConfig)) engine.Ref {
	h.Helper()
	c := h.up(name, script, change)
	h.ready(c)
	return c
}

func (h *harness) ready(c engine.Ref) {
	h.Helper()
	h.exec(c, turn("/up"))
}

func (h *harness) inspect(c engine.Ref) engine.Inspection {
	h.Helper()
	i, err := h.InspectContainer(h.Context(), c)
	h.must(err)
	return i
}

// listed is the container as the list has it.
func (h *harness) listed(c engine.Ref) (engine.Container, bool) {
	h.Helper()
	cs, err := h.ListContainers(h.Context(), engine.ContainerFilter{Project: h.name})
	h.must(err)
	return engine.Observed{Containers: cs}.Container(c.ID)
}

// exec runs a script inside the container.
func (h *harness) exec(c engine.Ref, script string) engine.ExecResult {
	h.Helper()
	r, err := h.Exec(h.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", script}})
	h.must(err)
	return r
}

// watch subscribes to the harness's project.
func (h *harness) watch() engine.EventStream {
	h.Helper()
	stream, err := h.Watch(h.Context(), h.name)
	h.must(err)
	h.Cleanup(func() { stream.Close() }) // closing twice is fine
	return stream
}

// until reads events up to the first that is wanted and returns the actions it
// has read. Those of exec are left out: health checks cause them too.
func (h *harness) until(stream engine.EventStream, wanted func(engine.Event) bool) (engine.Event, []string) {
	h.Helper()
	ctx, cancel := h.fx.Patience.Context(h.Context())
	defer cancel()
	var actions []string
	for {
		ev, err := stream.Next(ctx)
		if err != nil {
			h.Fatalf("next event after %v: %v", actions, err)
		}
		if !strings.HasPrefix(ev.Action, "exec_") {
			actions = append(actions, ev.Action)
		}
		if wanted(ev) {
			return ev, actions
		}
	}
}

func (h *harness) untilAction(stream engine.EventStream, action string) (engine.Event, []string) {
	h.Helper()
	return h.until(stream, func(ev engine.Event) bool { return ev.Action == action })
}

// logs are the container's lines as text, standard error marked.
func (h *harness) logs(c engine.Ref, opt engine.LogOptions) []string {
	h.Helper()
	ctx, cancel := h.fx.Patience.Context(h.Context())
	defer cancel()
	var lines []string
	h.must(h.Logs(ctx, c, opt, func(l engine.LogLine) error {
		line := string(l.Text)
		if l.Stderr {
			line = "stderr: " + line
		}
		if l.Partial {
			line += " (partial)"
		}
		lines = append(lines, line)
		return nil
	}))
	return lines
}

// awaits is for what the engine tells of in no event.
func (h *harness) awaits(what string, met func() bool) {
	h.Helper()
	h.fx.Patience.Until(h, what, met)
}

func (h *harness) equal(what string, got, want []string) {
	h.Helper()
	if !slices.Equal(got, want) {
		h.Errorf("%s = %q, want %q", what, got, want)
	}
}

// labels are those of a network or volume of the harness.
func (h *harness) labels(extra map[string]string) map[string]string {
	l := map[string]string{project.LabelProject: h.name}
	maps.Copy(l, extra)
	return l
}

// network declares a network and makes it.
func (h *harness) network(key string) string {
	h.Helper()
	h.compose.Networks[key] = types.NetworkConfig{Name: h.name + "_" + key}
	id, err := h.CreateNetwork(h.Context(), h.project().Network(key), h.labels(nil))
	h.must(err)
	return id
}

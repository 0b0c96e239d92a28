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
				tc.run(newStage(t, e, has, fx, fmt.Sprintf("%s%s%d", fx.Prefix, part.name[:1], i)))
			})
		}
	}
}

// test is a rule of the contract. It holds for a backend that declares the roles
// that are needed to see it.
type test struct {
	name  string
	run   func(*stage)
	needs role
}

// stage is one test's place on the engine: a project of its own.
type stage struct {
	*testing.T
	engine.Engine
	has     role // what the engine declares
	fx      Fixture
	name    string // of the project
	compose *types.Project
}

func newStage(t *testing.T, e engine.Engine, has role, fx Fixture, name string) *stage {
	s := &stage{T: t, Engine: e, has: has, fx: fx, name: name, compose: &types.Project{
		Name: name, Services: types.Services{}, Networks: types.Networks{}, Volumes: types.Volumes{},
	}}
	t.Cleanup(s.sweep)
	if fx.Explain != nil {
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(fx.Explain(name))
			}
		})
	}
	return s
}

// sweep removes everything of the stage's project.
func (s *stage) sweep() {
	ctx, cancel := s.fx.Patience.Context(context.Background())
	defer cancel()
	if s.has&containers != 0 {
		cs, err := s.ListContainers(ctx, engine.ContainerFilter{Project: s.name})
		s.must(err)
		for _, c := range cs {
			s.must(s.RemoveContainer(ctx, c.Ref, true))
		}
	}
	if s.has&networks != 0 {
		ns, err := s.ListNetworks(ctx)
		s.must(err)
		for _, n := range ns {
			if strings.HasPrefix(n.Name, s.name+"_") {
				s.must(s.RemoveNetwork(ctx, n.ID))
			}
		}
	}
	if s.has&volumes != 0 {
		vs, err := s.ListVolumes(ctx)
		s.must(err)
		for _, v := range vs {
			if strings.HasPrefix(v.Name, s.name+"_") {
				s.must(s.RemoveVolume(ctx, v.Name))
			}
		}
	}
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// obedient is a command that runs until it is told to stop, and stops at once.
const obedient = "trap 'exit 0' TERM; touch /up; while :; do sleep 0.05; done"

// stubborn is one that only KILL ends.
const stubborn = "trap '' TERM; touch /up; while :; do sleep 0.05; done"

// service declares a service that runs the script, without a network unless
// change says so.
func (s *stage) service(name, script string, change func(*types.ServiceConfig)) {
	cfg := types.ServiceConfig{Name: name, Image: s.fx.Image, Command: []string{"sh", "-c", script}, NetworkMode: "none"}
	if change != nil {
		change(&cfg)
	}
	s.compose.Services[name] = cfg
}

// project is what has been declared so far.
func (s *stage) project() *project.Project {
	s.Helper()
	p, err := project.New(project.Input{Compose: s.compose})
	s.must(err)
	return p
}

// spec asks for the service's first container.
func (s *stage) spec(service string) engine.CreateSpec {
	s.Helper()
	p := s.project()
	return engine.CreateSpec{
		Project: p, Service: p.Service(service), Name: s.name + "-" + service + "-1", Number: 1,
		Labels: map[string]string{
			project.LabelProject: s.name, project.LabelService: service, project.LabelOneOff: "False",
			project.LabelContainerNumber: "1", project.LabelConfigHash: "0",
		},
	}
}

func (s *stage) create(service string) engine.Ref {
	s.Helper()
	spec := s.spec(service)
	r, err := s.CreateContainer(s.Context(), spec)
	s.must(err)
	return engine.Ref{ID: r.ID, Name: spec.Name}
}

// up declares, creates and starts a service in one go.
func (s *stage) up(name, script string, change func(*types.ServiceConfig)) engine.Ref {
	s.Helper()
	s.service(name, script, change)
	c := s.create(name)
	s.must(s.StartContainer(s.Context(), c))
	return c
}

// run is up for scripts that end with one of the loops above; it returns when
// the script has come that far, for a signal before that meets no trap.
func (s *stage) run(name, script string, change func(*types.ServiceConfig)) engine.Ref {
	s.Helper()
	c := s.up(name, script, change)
	s.ready(c)
	return c
}

func (s *stage) ready(c engine.Ref) {
	s.Helper()
	s.exec(c, turn("/up"))
}

func (s *stage) inspect(c engine.Ref) engine.Inspection {
	s.Helper()
	i, err := s.InspectContainer(s.Context(), c)
	s.must(err)
	return i
}

// listed is the container as the list has it.
func (s *stage) listed(c engine.Ref) (engine.Container, bool) {
	s.Helper()
	cs, err := s.ListContainers(s.Context(), engine.ContainerFilter{Project: s.name})
	s.must(err)
	return engine.Observed{Containers: cs}.Container(c.ID)
}

// exec runs a script inside the container.
func (s *stage) exec(c engine.Ref, script string) engine.ExecResult {
	s.Helper()
	r, err := s.Exec(s.Context(), c, engine.ExecSpec{Command: []string{"sh", "-c", script}})
	s.must(err)
	return r
}

// watch subscribes to the stage's project.
func (s *stage) watch() engine.EventStream {
	s.Helper()
	stream, err := s.Watch(s.Context(), s.name)
	s.must(err)
	s.Cleanup(func() { stream.Close() }) // closing twice is fine
	return stream
}

// until reads events up to the first that is wanted and returns the actions it
// has read. Those of exec are left out: health checks cause them too.
func (s *stage) until(stream engine.EventStream, wanted func(engine.Event) bool) (engine.Event, []string) {
	s.Helper()
	ctx, cancel := s.fx.Patience.Context(s.Context())
	defer cancel()
	var actions []string
	for {
		ev, err := stream.Next(ctx)
		if err != nil {
			s.Fatalf("next event after %v: %v", actions, err)
		}
		if !strings.HasPrefix(ev.Action, "exec_") {
			actions = append(actions, ev.Action)
		}
		if wanted(ev) {
			return ev, actions
		}
	}
}

func (s *stage) untilAction(stream engine.EventStream, action string) (engine.Event, []string) {
	s.Helper()
	return s.until(stream, func(ev engine.Event) bool { return ev.Action == action })
}

// logs are the container's lines as text, standard error marked.
func (s *stage) logs(c engine.Ref, opt engine.LogOptions) []string {
	s.Helper()
	ctx, cancel := s.fx.Patience.Context(s.Context())
	defer cancel()
	var lines []string
	s.must(s.Logs(ctx, c, opt, func(l engine.LogLine) error {
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
func (s *stage) awaits(what string, met func() bool) {
	s.Helper()
	s.fx.Patience.Until(s, what, met)
}

func (s *stage) equal(what string, got, want []string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("%s = %q, want %q", what, got, want)
	}
}

// labels are those of a network or volume of the stage.
func (s *stage) labels(extra map[string]string) map[string]string {
	l := map[string]string{project.LabelProject: s.name}
	maps.Copy(l, extra)
	return l
}

// network declares a network and makes it.
func (s *stage) network(key string) string {
	s.Helper()
	s.compose.Networks[key] = types.NetworkConfig{Name: s.name + "_" + key}
	id, err := s.CreateNetwork(s.Context(), s.project().Network(key), s.labels(nil))
	s.must(err)
	return id
}

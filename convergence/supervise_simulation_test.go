package convergence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"pgregory.net/rapid"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// simulation is a drawn project on the engine in memory, a supervisor, and accidents.
// It is the supervisor's engine too, so that it sees each of its calls when it
// is made: that is where P1, P2, P5 and P12 are held to.
type simulation struct {
	*memengine.Engine
	t        *rapid.T
	want     *project.Project
	policies map[string]string // of services, as drawn
	stop     context.CancelFunc
	done     chan error
	began    time.Time

	mu      sync.Mutex
	broken  []string // promises that were not kept
	story   []string
	byUser  map[string]bool // stopped by a user and not started since
	inDoubt bool            // events were lost, so that a stop by a user may have been
	cut     time.Time       // when the engine last lost its power
	waits   map[string][]time.Duration
}

// policies are those that a drawn service has, by name.
var drawnPolicies = []string{"no", "always", "unless-stopped", "on-failure", "any", "any-failure"}

func drawnService(policy string) types.ServiceConfig {
	delay := types.Duration(200 * time.Millisecond)
	switch policy {
	case "any":
		return deployRestart(types.RestartPolicy{Condition: "any", Delay: &delay})
	case "any-failure":
		return deployRestart(types.RestartPolicy{Condition: "on-failure", Delay: &delay})
	}
	return restart(policy)
}

// newDrama draws up to four services, each of which may need those before it,
// makes and starts their containers and begins to supervise them.
func newDrama(t *rapid.T) *simulation {
	services, kinds := types.Services{}, map[string]string{}
	for i := range rapid.IntRange(1, 4).Draw(t, "services") {
		name := fmt.Sprintf("s%d", i)
		kinds[name] = rapid.SampledFrom(drawnPolicies).Draw(t, "policy of "+name)
		s := drawnService(kinds[name])
		s.Name, s.Image, s.NetworkMode = name, testImage, "none"
		s.StopSignal = "SIGTERM" // as every container that Muster makes has one
		s.DependsOn = types.DependsOnConfig{}
		for j := range i {
			if rapid.Bool().Draw(t, fmt.Sprintf("%s needs s%d", name, j)) {
				s.DependsOn[fmt.Sprintf("s%d", j)] = types.ServiceDependency{Condition: "service_started", Required: true}
			}
		}
		services[name] = s
	}
	want, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: services}})
	if err != nil {
		t.Fatal(err)
	}
	d := &simulation{
		Engine: memengine.New(), t: t, want: want, policies: kinds, began: time.Now(),
		byUser: map[string]bool{}, waits: map[string][]time.Duration{},
	}
	d.AddImages(testImage)
	for _, s := range want.Services {
		d.bear(s)
	}
	d.supervise()
	return d
}

// bear makes and starts the service's container.
func (d *simulation) bear(s *project.Service) {
	ctx, name := context.Background(), d.want.ContainerName(s, 1)
	engines, retries := s.Restart.Engine()
	if retries > 0 {
		engines = fmt.Sprintf("%s:%d", engines, retries)
	}
	_, err := d.ByHand().CreateContainer(ctx, engine.CreateSpec{
		Project: d.want, Service: s, Name: name, Number: 1, RestartPolicy: engines,
		Labels: map[string]string{
			project.LabelProject: "p", project.LabelService: s.Name, project.LabelOneOff: "False",
			project.LabelContainerNumber: "1", project.LabelConfigHash: "x",
			project.LabelPolicy: s.Restart.String(), project.LabelOwner: s.Restart.Owner().String(),
		},
	})
	if err == nil {
		err = d.ByHand().StartContainer(ctx, engine.Ref{Name: name})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// supervise starts a supervisor; leave ends it as a kill does, as far as the
// engine can tell.
func (d *simulation) supervise() {
	ctx, stop := context.WithCancel(context.Background())
	d.stop, d.done = stop, make(chan error, 1)
	sup := supervise.NewSupervisor(d, supervise.SuperviseOptions{Record: d.record})
	go func() { d.done <- sup.Run(ctx, d.want) }()
	synctest.Wait()
}

func (d *simulation) leave() {
	d.stop()
	<-d.done
}

func (d *simulation) end() {
	d.leave()
	d.Close()
	synctest.Wait()
}

func (d *simulation) record(r supervise.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.story = append(d.story, fmt.Sprintf("%9v   %s", time.Since(d.began), r))
	if r.Kind == supervise.RecordDecision && r.Wait > 0 {
		d.waits[r.Container.Name] = append(d.waits[r.Container.Name], r.Wait)
	}
}

// broke notes a promise that was not kept.
func (d *simulation) broke(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = append(d.broken, fmt.Sprintf(format, args...))
}

func (d *simulation) look(name string) (engine.Inspection, bool) {
	c, err := d.ByHand().InspectContainer(context.Background(), engine.Ref{Name: name})
	return c, err == nil
}

// StartContainer implements supervise.Supervised.
func (d *simulation) StartContainer(ctx context.Context, ref engine.Ref) error {
	d.watchStart("start", ref)
	return d.Engine.StartContainer(ctx, ref)
}

// RestartContainer implements supervise.Supervised.
func (d *simulation) RestartContainer(ctx context.Context, ref engine.Ref, grace *time.Duration) error {
	d.watchStart("restart", ref)
	return d.Engine.RestartContainer(ctx, ref, grace)
}

func (d *simulation) watchStart(what string, ref engine.Ref) {
	c, there := d.look(ref.Name)
	if !there { // removed this very moment
		return
	}
	service := d.want.Service(c.Service)
	kind := d.policies[c.Service]
	if what == "start" && (c.State == engine.Running || c.State == engine.Restarting) {
		d.broke("P1: %s is started while it is %s", ref.Name, c.State)
	}
	d.mu.Lock()
	stopped := d.byUser[ref.Name] && !d.inDoubt
	d.mu.Unlock()
	if stopped || c.State == engine.Paused {
		d.broke("P2: %s is %sed although a user stopped or paused it (%s)", ref.Name, what, c.State)
	}
	if kind == "no" {
		d.broke("P5: %s is %sed under the policy no", ref.Name, what)
	}
	for _, need := range service.DependsOn {
		if n, there := d.look(d.want.ContainerName(d.want.Service(need.Service), 1)); !there || n.State != engine.Running && n.State != engine.Paused {
			d.broke("P12: %s is %sed before %s was", ref.Name, what, need.Service)
		}
	}
}

// act lets one accident happen.
func (d *simulation) act(what, name string) {
	d.mu.Lock()
	d.story = append(d.story, fmt.Sprintf("%9v %s %s", time.Since(d.began), what, name))
	d.mu.Unlock()
	ctx, hand, ref := context.Background(), d.ByHand(), engine.Ref{Name: name}
	// What cannot be done to the container in its state is not done: an accident
	// less.
	switch what {
	case "crash":
		_ = d.Crash(name, 1)
	case "exit":
		_ = d.Crash(name, 0)
	case "oom":
		_ = d.OOM(name)
	case "stop": // of what is down already an engine tells nobody
		if c, there := d.look(name); there && c.State != engine.Exited {
			d.user(name, true)
			_ = hand.StopContainer(ctx, ref, nil)
		}
	case "start":
		d.user(name, false)
		_ = hand.StartContainer(ctx, ref)
	case "restart":
		d.user(name, false)
		_ = hand.RestartContainer(ctx, ref, nil)
	case "pause":
		_ = hand.PauseContainer(ctx, ref)
	case "unpause":
		_ = hand.UnpauseContainer(ctx, ref)
	case "reload":
		_ = hand.KillContainer(ctx, ref, "HUP")
	case "break":
		d.doubt()
		d.BreakStreams()
	case "reboot":
		d.doubt()
		d.ShutDown()
		time.Sleep(2 * time.Second)
		d.Boot()
	case "power cut":
		d.doubt()
		d.cut = time.Now()
		d.Crash9()
		time.Sleep(2 * time.Second)
		d.Boot()
	case "successor": // of the supervisor
		// Nothing tells a supervisor that saw no power cut one from stops by a user.
		if time.Since(d.cut) > quiet {
			d.doubt()
			d.leave()
			d.supervise()
		}
	}
	synctest.Wait()
}

func (d *simulation) user(name string, stopped bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byUser[name] = stopped
}

// doubt says that a stop may have been missed from now on. With the policy any
// such a container is started: whoever wants it down takes it down.
func (d *simulation) doubt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inDoubt = true
}

// states are the containers' states in the end, by name.
func (d *simulation) states() string {
	var all []string
	for _, s := range d.want.Services {
		name := d.want.ContainerName(s, 1)
		c, there := d.look(name)
		if !there {
			c.State = "gone"
		}
		all = append(all, name+" "+string(c.State))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// fail ends the simulation if a promise was broken, and tells all of it.
func (d *simulation) fail() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.broken) == 0 {
		return
	}
	var kinds []string
	for _, s := range d.want.Services {
		kinds = append(kinds, s.Name+" "+d.policies[s.Name])
	}
	d.t.Fatalf("%s\npolicies: %s\n%s", strings.Join(d.broken, "\n"), strings.Join(kinds, ", "), strings.Join(d.story, "\n"))
}

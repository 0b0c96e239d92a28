package cmd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/versions"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// TestScripts runs the command-line scripts in process, on the engine in memory.
// With the tag e2e TestScriptsOnEngine runs those on the real engine that say so
// in their first line; scripts_said_test.go knows what it may be.
//
// Scripts have these commands besides the usual ones:
//
//	muster ARG... [&NAME]    run Main; in the background with &NAME
//	rc N                     the exit code of the last muster
//	sees NAME REGEXP         wait until a background muster has printed it
//	interrupt NAME [term]    send it a signal
//	types NAME TEXT          type on its terminal; \n is the Enter key
//	eventually REGEXP ARG... run Main until its standard output matches
//	again NAME REGEXP ARG... run Main until a background muster has printed it
//	finish NAME              wait for its end; stdout, stderr and rc are its
//	byhand VERB NAME         what another user of the engine does to a container:
//	                         start, stop, restart, kill, pause, remove
//	listens FILE             a socket that accepts, until the script ends
//	get URL                  what an HTTP server answers, to standard output
//	answers REGEXP URL       wait until its answer matches
//
// The condition [api:1.42] holds on engines that speak that version or a newer one.
//
// $PROJECT is the project's name, $FREE_PORT and $OTHER_PORT are ports that nobody
// listens on, $SUBNET are the first three numbers of a network that nobody has,
// $EXAMPLES is the folder of the examples. TERMINAL=in,out,err names the streams that
// are terminals.
func TestScripts(t *testing.T) {
	runScripts(t, scriptsOn(t, inMemory), scriptHost{
		open: func(env *testscript.Env) engine.Engine {
			e := memengine.New()
			e.AddImages("muster-test/registry:2")
			e.AddImage(memengine.Image{Ref: "muster-test/busybox:1", Programs: memengine.Busybox()})
			env.Defer(e.Shutdown)
			return e
		},
		api: "1.999", patience: patience.InMemory(),
	})
}

// scriptHost is what scripts run on.
type scriptHost struct {
	open     func(*testscript.Env) engine.Engine
	api      string // the version that the engine speaks
	patience patience.Patience
	prefix   string                      // of the projects' names
	explain  func(project string) string // what a person needs to know of a failure; may be nil
	tidy     func(project string) error  // removes what muster does not; may be nil
}

func runScripts(t *testing.T, scripts []string, host scriptHost) {
	locks := t.TempDir() // of projects of these scripts alone
	testscript.Run(t, testscript.Params{
		Files: scripts, RequireUniqueNames: true, UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error { return setupScript(env, host, locks) },
		Condition: func(condition string) (bool, error) {
			want, ok := strings.CutPrefix(condition, "api:")
			if !ok {
				return false, fmt.Errorf("unknown condition %q", condition)
			}
			return !versions.LessThan(host.api, want), nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"muster":     scriptCommand((*scriptRun).muster),
			"rc":         scriptCommand((*scriptRun).checkCode),
			"sees":       scriptCommand((*scriptRun).sees),
			"interrupt":  scriptCommand((*scriptRun).interrupt),
			"types":      scriptCommand((*scriptRun).types),
			"finish":     scriptCommand((*scriptRun).finish),
			"eventually": scriptCommand((*scriptRun).eventually),
			"again":      scriptCommand((*scriptRun).again),
			"get":        scriptCommand((*scriptRun).get),
			"answers":    scriptCommand((*scriptRun).answers),
			"byhand":     scriptCommand((*scriptRun).byHand),
			"listens":    scriptCommand((*scriptRun).listens),
		},
	})
}

// scriptRun is one script that is running.
type scriptRun struct {
	scriptHost
	engine  engine.Engine
	locks   string // the folder of lock files
	code    int
	running map[string]*background
}

// background is a muster that runs beside the script.
type background struct {
	out, err capture
	keyboard io.Writer
	signals  chan os.Signal
	done     chan int // receives the exit code, and is closed
	again    func()   // begins another one with the same words
}

// output is a stream that can be waited for.
type capture struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (o *capture) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.text.Write(p)
}

// next is what was written so far, and a channel that closes when there is more.
func (o *capture) next() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.text.String(), o.changed
}

type scriptRunKey struct{}

func setupScript(env *testscript.Env, host scriptHost, locks string) error {
	s := &scriptRun{scriptHost: host, engine: host.open(env), locks: locks, running: map[string]*background{}}
	env.Values[scriptRunKey{}] = s
	name := strings.TrimSuffix(filepath.Base(env.WorkDir), ".txtar")
	name = host.prefix + strings.ToLower(strings.TrimPrefix(name, "script-"))
	env.Setenv("PROJECT", name)
	env.Setenv("COMPOSE_PROJECT_NAME", name)
	env.Setenv("HOME", env.WorkDir)
	examples, err := filepath.Abs("../examples")
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	env.Setenv("FREE_PORT", strconv.Itoa(testrun.FreePort()))
	env.Setenv("OTHER_PORT", strconv.Itoa(testrun.FreePort()))
	env.Setenv("SUBNET", fmt.Sprintf("10.%d.%d", 64+rand.IntN(128), rand.IntN(256)))
	env.Defer(func() { s.cleanUp(env, name) })
	if failing, ok := env.T().(interface{ Failed() bool }); ok {
		env.Defer(func() {
			if !failing.Failed() {
				return
			}
			env.T().Log(s.beside())
			if host.explain != nil {
				env.T().Log(host.explain(name))
			}
		})
	}
	return nil
}

func scriptCommand(f func(*scriptRun, *testscript.TestScript, bool, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		f(ts.Value(scriptRunKey{}).(*scriptRun), ts, neg, args)
	}
}

func (s *scriptRun) app(vars []string, dir string) *App {
	app := &App{
		Env: vars, Dir: dir, Version: "v1.2.3", In: strings.NewReader(""), LockDir: s.locks,
		Connect: func(docker.Options) (engine.Engine, error) { return s.engine, nil },
	}
	streams := ""
	for _, kv := range vars {
		if k, v, _ := strings.Cut(kv, "="); k == "TERMINAL" {
			streams = v
		}
	}
	app.Terminal = Terminal{
		In: strings.Contains(streams, "in"), Out: strings.Contains(streams, "out"), Err: strings.Contains(streams, "err"),
		Screen: func() (int, int) { return 100, 30 },
		Keys:   func(func()) (func(), error) { return func() {}, nil },
	}
	return app
}

func (s *scriptRun) muster(ts *testscript.TestScript, neg bool, args []string) {
	app := s.app(environ(ts), ts.MkAbs("."))
	if stdin := ts.Getenv("STDIN"); stdin != "" {
		app.In = strings.NewReader(ts.ReadFile(stdin))
	}
	n := len(args) - 1
	if n < 0 || !strings.HasPrefix(args[n], "&") {
		what := strings.Join(args, " ")
		here := "the foreground's " + what // no name that a script gives
		s.running[here] = begin(app, args) // ended with the others, should it hang
		s.end(ts, neg, what, s.running[here])
		delete(s.running, here)
		return
	}
	var keyboard io.Writer
	if app.Terminal.In {
		app.In, keyboard = io.Pipe()
	}
	b := begin(app, args[:n])
	b.keyboard, b.again = keyboard, func() { s.muster(ts, neg, args) }
	s.running[args[n][1:]] = b
}

// begin runs Main beside the script: whoever waits for it can say that it hangs.
func begin(app *App, args []string) *background {
	b := &background{signals: make(chan os.Signal, 2), done: make(chan int, 1)}
	app.Signals = func() (<-chan os.Signal, func()) { return b.signals, func() {} }
	app.Out, app.Err = &b.out, &b.err
	go func() {
		defer close(b.done)
		b.done <- Main(app, args)
	}()
	return b
}

// said is what it has printed, for people.
func (b *background) said() string {
	out, _ := b.out.next()
	errs, _ := b.err.next()
	return "[stdout]\n" + out + "[stderr]\n" + errs
}

// exitCode waits for the end of a muster.
func (s *scriptRun) exitCode(ts *testscript.TestScript, what string, b *background) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	select {
	case code := <-b.done:
		return code
	case <-s.patience.Out(ctx):
		ts.Fatalf("muster %s does not end\n%s", what, b.said())
		return 0
	}
}

// end takes a finished muster's output over and checks its exit code.
func (s *scriptRun) end(ts *testscript.TestScript, neg bool, what string, b *background) {
	s.code = s.exitCode(ts, what, b)
	out, _ := b.out.next()
	errs, _ := b.err.next()
	fmt.Fprint(ts.Stdout(), out)
	fmt.Fprint(ts.Stderr(), errs)
	if (s.code != 0) != neg {
		ts.Fatalf("muster %s ends with code %d\n%s", what, s.code, b.said())
	}
}

// now runs Main once, and returns what it printed.
func (s *scriptRun) now(ts *testscript.TestScript, args []string) string {
	b := begin(s.app(environ(ts), ts.MkAbs(".")), args)
	s.exitCode(ts, strings.Join(args, " "), b)
	out, _ := b.out.next()
	errs, _ := b.err.next()
	return out + errs
}

func (s *scriptRun) checkCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if (s.code == want) == neg {
		ts.Fatalf("exit code %d, want %d", s.code, want)
	}
}

func (s *scriptRun) background(ts *testscript.TestScript, name string) *background {
	b := s.running[name]
	if b == nil {
		ts.Fatalf("no muster runs as %s", name)
	}
	return b
}

func (s *scriptRun) sees(ts *testscript.TestScript, _ bool, args []string) {
	b := s.background(ts, args[0])
	want := regexp.MustCompile("(?m)" + args[1])
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hangs := s.patience.Out(ctx)
	for {
		out, moreOut := b.out.next()
		errs, moreErr := b.err.next()
		if want.MatchString(out) || want.MatchString(errs) {
			return
		}
		select {
		case <-moreOut:
		case <-moreErr:
		case code := <-b.done:
			ts.Fatalf("muster ended with code %d before it printed %q\n%s", code, args[1], b.said())
		case <-hangs:
			ts.Fatalf("%q does not come\n%s", args[1], b.said())
		}
	}
}

func (s *scriptRun) interrupt(ts *testscript.TestScript, _ bool, args []string) {
	var sig os.Signal = os.Interrupt
	if slices.Contains(args[1:], "term") {
		sig = syscall.SIGTERM
	}
	s.background(ts, args[0]).signals <- sig
}

func (s *scriptRun) types(ts *testscript.TestScript, _ bool, args []string) {
	_, err := io.WriteString(s.background(ts, args[0]).keyboard, strings.ReplaceAll(args[1], `\n`, "\n"))
	ts.Check(err)
}

func (s *scriptRun) finish(ts *testscript.TestScript, neg bool, args []string) {
	s.end(ts, neg, args[0], s.background(ts, args[0]))
	delete(s.running, args[0])
}

// eventually is for what the engine tells a moment later.
func (s *scriptRun) eventually(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[0])
	var last string
	if !s.patience.Wait(context.Background(), func() bool {
		last = s.now(ts, args[1:])
		return want.MatchString(last)
	}) {
		ts.Fatalf("%q does not come\n%s", args[0], last)
	}
}

// again is for what a background muster only notices once it has come far enough,
// which cannot be seen. One that had not, and ended for that, is begun again.
func (s *scriptRun) again(ts *testscript.TestScript, _ bool, args []string) {
	b, want := s.background(ts, args[0]), regexp.MustCompile("(?m)"+args[1])
	var last string
	if !s.patience.Wait(context.Background(), func() bool {
		last = s.now(ts, args[2:])
		out, _ := b.out.next()
		if !want.MatchString(out) && len(b.done) > 0 {
			b.again()
			b = s.background(ts, args[0])
		}
		return want.MatchString(out)
	}) {
		ts.Fatalf("%q does not come\n%s[the last try]\n%s", args[1], b.said(), last)
	}
}

func (s *scriptRun) listens(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
}

func (s *scriptRun) get(ts *testscript.TestScript, neg bool, args []string) {
	body, err := s.ask(args[0])
	if err == nil {
		_, err = io.WriteString(ts.Stdout(), body)
	}
	if (err != nil) != neg {
		ts.Fatalf("get %s: %v", args[0], err)
	}
}

// answers waits for a server that knows something only later.
func (s *scriptRun) answers(ts *testscript.TestScript, _ bool, args []string) {
	want, last := regexp.MustCompile(args[0]), ""
	if !s.patience.Wait(context.Background(), func() bool {
		body, err := s.ask(args[1])
		last = body
		if err != nil {
			last = err.Error()
		}
		return err == nil && want.MatchString(body)
	}) {
		ts.Fatalf("%s does not answer %q\n%s", args[1], args[0], last)
	}
}

// ask is what a server of HTTP answers.
func (s *scriptRun) ask(url string) (string, error) {
	ctx, cancel := s.patience.Context(context.Background())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return string(body), err
}

func (s *scriptRun) byHand(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	c := engine.Ref{Name: args[1]}
	var err error
	switch args[0] {
	case "start":
		err = s.engine.StartContainer(ctx, c)
	case "stop":
		err = s.engine.StopContainer(ctx, c, new(time.Duration))
	case "restart":
		err = s.engine.RestartContainer(ctx, c, new(time.Duration))
	case "kill":
		err = s.engine.KillContainer(ctx, c, "KILL")
	case "pause":
		err = s.engine.PauseContainer(ctx, c)
	case "remove":
		err = s.engine.RemoveContainer(ctx, c, true)
	default:
		ts.Fatalf("unknown verb %s", args[0])
	}
	ts.Check(err)
}

// environ is the script's environment.
func environ(ts *testscript.TestScript) []string {
	var env []string
	for _, k := range []string{
		"HOME", "PATH", "DOCKER_CONFIG", "PROJECT", "TERMINAL", "TERM", "NO_COLOR", "GREETING", "MUSTER_ENGINE_HEALTH",
		"COMPOSE_PROJECT_NAME", "COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROGRESS", "COMPOSE_ANSI", "COMPOSE_ENV_FILES",
		"QUICKSTART_PORT", "WEBAPP_PORT", "POSTGRES_IMAGE", "REDIS_IMAGE", "NGINX_IMAGE", "NODE_IMAGE", "FREE_PORT", "OTHER_PORT", "SUBNET",
		"PROMETHEUS_IMAGE", "FLAKY_IMAGE", "PROMETHEUS_PORT", "METRICS_PORT", "SCRAPE_INTERVAL", "FLAKY_SECONDS",
		"COMPOSE_REMOVE_ORPHANS", "COMPOSE_IGNORE_ORPHANS", "COMPOSE_STATUS_STDOUT", "COMPOSE_PARALLEL_LIMIT",
	} {
		if v := ts.Getenv(k); v != "" {
			env = append(env, k+"="+v)
		}
	}
	slices.SortFunc(env, func(a, b string) int { return cmp.Compare(a, b) })
	return env
}

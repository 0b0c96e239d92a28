package cmd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/docker"
)

// patience is how long a script waits for what must come: it bounds hangs.
const patience = 60 * time.Second

// TestScripts runs the command-line scripts in process: on the engine in memory,
// and with the tag e2e on the real one.
//
// Scripts have these commands besides the usual ones:
//
//	muster ARG... [&NAME]    run Main; in the background with &NAME
//	rc N                     the exit code of the last muster
//	sees NAME REGEXP         wait until a background muster has printed it
//	interrupt NAME [term]    send it a signal
//	types NAME TEXT          type on its terminal; \n is the Enter key
//	eventually REGEXP ARG... run Main until its standard output matches
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
// listens on, $EXAMPLES is the folder of the examples. TERMINAL=in,out,err names the streams that
// are terminals.
func TestScripts(t *testing.T) {
	for _, dir := range scriptDirs() {
		testscript.Run(t, testscript.Params{
			Dir: dir, Setup: setupScript, RequireUniqueNames: true,
			UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "", Condition: engineCondition(t),
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"muster":     onWorld((*world).muster),
				"rc":         onWorld((*world).checkCode),
				"sees":       onWorld((*world).sees),
				"interrupt":  onWorld((*world).interrupt),
				"types":      onWorld((*world).types),
				"finish":     onWorld((*world).finish),
				"eventually": onWorld((*world).eventually),
				"get":        onWorld((*world).get),
				"answers":    onWorld((*world).answers),
				"byhand":     onWorld((*world).byHand),
				"listens":    onWorld((*world).listens),
			},
		})
	}
}

// engineCondition answers api:VERSION. The engine in memory is the newest.
func engineCondition(t *testing.T) func(string) (bool, error) {
	have := newestAPI(t)
	return func(condition string) (bool, error) {
		want, ok := strings.CutPrefix(condition, "api:")
		if !ok {
			return false, fmt.Errorf("unknown condition %q", condition)
		}
		return !versions.LessThan(have, want), nil
	}
}

// world is what one script plays in.
type world struct {
	engine  convergence.Engine
	code    int
	running map[string]*background
}

// background is a muster that runs beside the script.
type background struct {
	out, err output
	keyboard io.Writer
	signals  chan os.Signal
	done     chan int // receives the exit code
}

// output is a stream that can be waited for.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.text.Write(p)
}

// next is what was written so far, and a channel that closes when there is more.
func (o *output) next() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.text.String(), o.changed
}

type worldKey struct{}

func setupScript(env *testscript.Env) error {
	w := &world{engine: scriptEngine(env), running: map[string]*background{}}
	env.Values[worldKey{}] = w
	name := strings.TrimSuffix(filepath.Base(env.WorkDir), ".txtar")
	name = projectPrefix() + strings.ToLower(strings.TrimPrefix(name, "script-"))
	env.Setenv("PROJECT", name)
	env.Setenv("COMPOSE_PROJECT_NAME", name)
	env.Setenv("HOME", env.WorkDir)
	examples, err := filepath.Abs("../examples")
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	if err := setFreePorts(env); err != nil {
		return err
	}
	env.Defer(func() { w.cleanUp(env, name) })
	return nil
}

func setFreePorts(env *testscript.Env) error {
	for _, name := range []string{"FREE_PORT", "OTHER_PORT"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close() // so that the two differ
		env.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return nil
}

func onWorld(f func(*world, *testscript.TestScript, bool, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		f(ts.Value(worldKey{}).(*world), ts, neg, args)
	}
}

func (w *world) app(vars []string, dir string) *App {
	app := &App{
		Env: vars, Dir: dir, Version: "v1.2.3", In: strings.NewReader(""), LockDir: filepath.Join(os.TempDir(), "muster-test-locks"),
		Connect: func(docker.Options) (convergence.Engine, error) { return w.engine, nil },
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

func (w *world) muster(ts *testscript.TestScript, neg bool, args []string) {
	app := w.app(environ(ts), ts.MkAbs("."))
	if stdin := ts.Getenv("STDIN"); stdin != "" {
		app.In = strings.NewReader(ts.ReadFile(stdin))
	}
	b := &background{signals: make(chan os.Signal, 2), done: make(chan int, 1)}
	app.Signals = func() (<-chan os.Signal, func()) { return b.signals, func() {} }
	app.Out, app.Err = &b.out, &b.err
	if n := len(args) - 1; n >= 0 && strings.HasPrefix(args[n], "&") {
		w.running[args[n][1:]] = b
		if app.Terminal.In {
			app.In, b.keyboard = io.Pipe()
		}
		go func() { b.done <- Main(app, args[:n]) }()
		return
	}
	b.done <- Main(app, args)
	w.end(ts, neg, strings.Join(args, " "), b)
}

// end takes a finished muster's output over and checks its exit code.
func (w *world) end(ts *testscript.TestScript, neg bool, what string, b *background) {
	select {
	case w.code = <-b.done:
	case <-time.After(patience):
		out, _ := b.out.next()
		errs, _ := b.err.next()
		ts.Fatalf("muster %s does not end\n[stdout]\n%s[stderr]\n%s", what, out, errs)
	}
	out, _ := b.out.next()
	errs, _ := b.err.next()
	fmt.Fprint(ts.Stdout(), out)
	fmt.Fprint(ts.Stderr(), errs)
	if (w.code != 0) != neg {
		ts.Fatalf("muster %s ends with code %d\n[stdout]\n%s[stderr]\n%s", what, w.code, out, errs)
	}
}

func (w *world) checkCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if (w.code == want) == neg {
		ts.Fatalf("exit code %d, want %d", w.code, want)
	}
}

func (w *world) background(ts *testscript.TestScript, name string) *background {
	b := w.running[name]
	if b == nil {
		ts.Fatalf("no muster runs as %s", name)
	}
	return b
}

func (w *world) sees(ts *testscript.TestScript, _ bool, args []string) {
	b := w.background(ts, args[0])
	want := regexp.MustCompile("(?m)" + args[1])
	deadline := time.After(patience)
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
			ts.Fatalf("muster ended with code %d before it printed %q\n[stdout]\n%s[stderr]\n%s", code, args[1], out, errs)
		case <-deadline:
			ts.Fatalf("%q does not come\n[stdout]\n%s[stderr]\n%s", args[1], out, errs)
		}
	}
}

func (w *world) interrupt(ts *testscript.TestScript, _ bool, args []string) {
	var sig os.Signal = os.Interrupt
	if slices.Contains(args[1:], "term") {
		sig = syscall.SIGTERM
	}
	w.background(ts, args[0]).signals <- sig
}

func (w *world) types(ts *testscript.TestScript, _ bool, args []string) {
	_, err := io.WriteString(w.background(ts, args[0]).keyboard, strings.ReplaceAll(args[1], `\n`, "\n"))
	ts.Check(err)
}

func (w *world) finish(ts *testscript.TestScript, neg bool, args []string) {
	w.end(ts, neg, args[0], w.background(ts, args[0]))
	delete(w.running, args[0])
}

// eventually is for what the engine tells a moment later.
func (w *world) eventually(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[0])
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		app := w.app(environ(ts), ts.MkAbs("."))
		var out bytes.Buffer
		app.Out, app.Err = &out, &out
		Main(app, args[1:])
		if want.Match(out.Bytes()) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%q does not come\n%s", args[0], out.String())
		}
	}
}

func (w *world) listens(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
}

func (w *world) get(ts *testscript.TestScript, neg bool, args []string) {
	client := http.Client{Timeout: patience}
	resp, err := client.Get(args[0])
	if err == nil {
		defer resp.Body.Close()
		_, err = io.Copy(ts.Stdout(), resp.Body)
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if (err != nil) != neg {
		ts.Fatalf("get %s: %v", args[0], err)
	}
}

// answers waits for a server that knows something only later.
func (w *world) answers(ts *testscript.TestScript, _ bool, args []string) {
	want, client := regexp.MustCompile(args[0]), http.Client{Timeout: patience}
	last := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		resp, err := client.Get(args[1])
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		ts.Check(err)
		if last = string(body); want.Match(body) {
			return
		}
	}
	ts.Fatalf("%s does not answer %q\n%s", args[1], args[0], last)
}

func (w *world) byHand(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	c := convergence.Ref{Name: args[1]}
	var err error
	switch args[0] {
	case "start":
		err = w.engine.StartContainer(ctx, c)
	case "stop":
		err = w.engine.StopContainer(ctx, c, new(time.Duration))
	case "restart":
		err = w.engine.RestartContainer(ctx, c, new(time.Duration))
	case "kill":
		err = w.engine.KillContainer(ctx, c, "KILL")
	case "pause":
		err = w.engine.PauseContainer(ctx, c)
	case "remove":
		err = w.engine.RemoveContainer(ctx, c, true)
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
		"QUICKSTART_PORT", "WEBAPP_PORT", "POSTGRES_IMAGE", "REDIS_IMAGE", "NGINX_IMAGE", "NODE_IMAGE", "FREE_PORT", "OTHER_PORT",
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

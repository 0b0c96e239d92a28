package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/internal/notify"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

type superviseOptions struct {
	status    bool
	json      bool
	install   bool
	printUnit bool
	logFormat string
	metrics   string
}

func (s *session) superviseCmd() *cobra.Command {
	var opt superviseOptions
	c := &cobra.Command{
		Use: "supervise [OPTIONS] [SERVICE...]", Short: "Keep the stack true: restart policies, health and dependencies",
		Long: `Keep the stack true: restart policies, health and dependencies.

Runs in the foreground until it is interrupted; the containers stay as they are
then. One supervisor works on a project at a time. What the engine enforces by
itself it leaves to the engine, and takes over where the engine gives up.`,
		RunE: func(c *cobra.Command, args []string) error { return s.supervise(c.Context(), opt, args) },
	}
	f := c.Flags()
	f.BoolVar(&opt.status, "status", false, "Ask the running supervisor what it sees and plans")
	f.BoolVar(&opt.json, "json", false, "With --status: print JSON")
	f.BoolVar(&opt.install, "install", false, "Install and describe a systemd unit that supervises this project")
	f.BoolVar(&opt.printUnit, "print-unit", false, "Print that unit")
	f.StringVar(&opt.logFormat, "log-format", "text", "Format of the audit lines: text or json")
	f.StringVar(&opt.metrics, "metrics", "", "Serve status and Prometheus metrics on unix:PATH or 127.0.0.1:PORT too (they always are on a unix socket of those who may use the engine)")
	completeWords(c, "log-format", "text", "json")
	return c
}

func (s *session) supervise(ctx context.Context, opt superviseOptions, args []string) error {
	if opt.logFormat != "text" && opt.logFormat != "json" {
		return fmt.Errorf("unsupported --log-format %q: use text or json", opt.logFormat)
	}
	if opt.status {
		return s.superviseStatus(ctx, opt)
	}
	p, err := s.load(ctx, args, need{})
	if err != nil {
		return err
	}
	names, err := p.Match(args...)
	if err != nil {
		return err
	}
	if opt.printUnit || opt.install {
		return s.superviseUnit(p, opt, args)
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	if s.global.dryRun {
		if len(names) == 0 {
			names = p.ServiceNames()
		}
		s.inform("would supervise " + strings.Join(names, ", "))
		return nil
	}
	release, err := s.onlyOne(ctx, e, p.Name)
	if err != nil {
		return err
	}
	defer release()
	return s.keep(ctx, keeper{engine: e, project: p, services: names, metrics: opt.metrics, audit: s.audit(opt), follows: true})
}

// keeper is a supervisor with everything around it.
type keeper struct {
	engine   engine.Engine
	project  *project.Project
	services []string // empty is all
	metrics  string   // an address to serve besides the project's own socket; empty is none
	audit    func(supervise.Record)
	// follows says that changes of the Compose file are taken over.
	follows bool
	// See supervise.SuperviseOptions.
	busy     func(bool)
	busyWith []string
}

// keep runs the supervisor until ctx ends. Its status is always served on the
// project's own socket: that is where `ps` and `up` look for it.
func (s *session) keep(ctx context.Context, k keeper) error {
	listeners, err := s.superviseListeners(k)
	if err != nil {
		return err
	}
	counts := metrics.New(k.project.Name)
	teller := notify.New(notifyEnvironment(s.App.Env), func(err error) { s.printer.Warn(err.Error()) })
	models := make(chan *project.Project)
	exclusive := &sharedLock{acquire: func(ctx context.Context) (func(), error) {
		return s.acquire(ctx, s.lockOptions(k.engine, k.project.Name, "supervise"))
	}}
	sup := supervise.NewSupervisor(k.engine, supervise.SuperviseOptions{
		Services: k.services, Exclusive: exclusive.hold, Models: models, Busy: k.busy, BusyWith: k.busyWith, HookOutput: s.hooks,
		Record: func(r supervise.Record) {
			k.audit(r)
			counts.Record(r)
			teller.Send(k.project, r)
		},
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return sup.Run(ctx, k.project) })
	group.Go(func() error { return counts.Serve(ctx, sup, listeners...) })
	group.Go(func() error { teller.Run(ctx); return nil })
	if k.follows {
		group.Go(func() error { return s.followModel(ctx, k, models) })
		group.Go(func() error { shrink(ctx); return nil })
	}
	return group.Wait()
}

// startTime is how long a supervisor may need to read its file and to look at
// every container once.
const startTime = 5 * time.Second

// shrink gives memory back once the start is over: a supervisor runs for months
// and does little.
func shrink(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(startTime):
		debug.FreeOSMemory()
		_ = host.ReleaseStartPages() // it only costs memory
	}
}

// onlyOne takes the right to supervise the project. It fails with a
// *lock.HeldError if another process has it.
func (s *session) onlyOne(ctx context.Context, e engine.Engine, name string) (release func(), err error) {
	only := s.lockOptions(e, name, "supervise")
	only.Kind, only.Timeout = lock.Supervisor, -1
	return s.acquire(ctx, only)
}

// notifyEnvironment is what a notify command sees: enough to run, and no secret
// of the project.
func notifyEnvironment(env []string) []string {
	var out []string
	for _, kv := range env {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "PATH", "HOME", "LANG", "TZ", "TMPDIR", "SystemRoot":
			out = append(out, kv)
		}
	}
	return out
}

// sharedLock is the project's lock, held once while any number of actions of
// this process are under way: they do not exclude each other.
type sharedLock struct {
	acquire func(context.Context) (func(), error)

	mu      sync.Mutex // held while the lock is waited for: whoever comes then waits too
	holders int
	release func()
}

func (l *sharedLock) hold(ctx context.Context) (func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders == 0 {
		release, err := l.acquire(ctx)
		if err != nil {
			return nil, err
		}
		l.release = release
	}
	l.holders++
	return l.drop, nil
}

func (l *sharedLock) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders--; l.holders == 0 {
		l.release()
	}
}

// superviseListeners serve status and metrics of the project: on its own socket,
// which whoever may use the engine can use too, and where else it was asked for.
func (s *session) superviseListeners(k keeper) ([]net.Listener, error) {
	opt := s.lockOptions(k.engine, k.project.Name, "supervise")
	socket, err := lock.Socket(opt)
	if err != nil {
		s.printer.Warn("ps and up cannot see this supervisor: " + err.Error())
	}
	var listeners []net.Listener
	for _, at := range []string{socket, k.metrics} {
		if at == "" {
			continue
		}
		group := metrics.Nobody
		if at == socket {
			at, group = "unix:"+socket, lock.Group(opt.Engine)
		}
		l, err := metrics.Listen(at, group)
		if err != nil {
			for _, open := range listeners {
				err = errors.Join(err, open.Close())
			}
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// followModel loads the files again when one of them changes. A model that
// cannot be loaded changes nothing: the last good one stays.
func (s *session) followModel(ctx context.Context, k keeper, models chan<- *project.Project) error {
	return watchModel(ctx, k.project.Files, func() {
		fresh, err := s.reload(ctx, k.services)
		if err == nil && fresh.Name != k.project.Name {
			err = fmt.Errorf("the project's name changed to %s", fresh.Name)
		}
		if err != nil {
			s.printer.Warn("the Compose file changed and cannot be used; the last good one stays:\n" + ui.ErrorText(err))
			return
		}
		select {
		case models <- fresh:
			s.printer.Info("the Compose file changed and is used from now on")
		case <-ctx.Done():
		}
	})
}

// superviseStatus asks the supervisor that runs.
func (s *session) superviseStatus(ctx context.Context, opt superviseOptions) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	all, err := s.askSupervisor(ctx, name)
	if err != nil && !errors.Is(err, metrics.ErrNobody) {
		return fmt.Errorf("ask the supervisor of project %s: %w", cmp.Or(name, "?"), err)
	}
	if err != nil {
		return fmt.Errorf("no supervisor runs for project %s: start one with `muster supervise`: %w", cmp.Or(name, "?"), err)
	}
	if opt.json {
		enc := ui.NewJSONEncoder(s.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	return ui.SupervisionTable(all).Print(s.Out, "table")
}

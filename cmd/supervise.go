package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence"
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
	f.StringVar(&opt.metrics, "metrics", "", "Serve status and Prometheus metrics on unix:PATH or 127.0.0.1:PORT (default: a unix socket of the user)")
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
	p, err := s.load(ctx, args)
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
	if err != nil || s.global.dryRun {
		return err
	}
	only := s.lockOptions(e, p.Name, "supervise")
	only.Kind, only.Timeout = "sup", -1
	l, err := lock.Acquire(ctx, only)
	if err != nil {
		return err
	}
	defer func() { _ = l.Release() }() // the kernel frees it in any case
	return s.superviseProject(ctx, e, p, names, opt)
}

// superviseProject runs the supervisor with everything around it.
func (s *session) superviseProject(ctx context.Context, e convergence.Engine, p *project.Project, services []string, opt superviseOptions) error {
	address, err := s.superviseAddress(p.Name, opt.metrics)
	if err != nil {
		return err
	}
	listener, err := metrics.Listen(address)
	if err != nil {
		return err
	}
	audit := s.audit(opt)
	counts := metrics.New(p.Name)
	teller := notify.New(notifyEnvironment(s.App.Env), func(err error) { s.printer.Warn(err.Error()) })
	models := make(chan *project.Project)
	exclusive := &sharedLock{acquire: func(ctx context.Context) (func(), error) {
		l, err := lock.Acquire(ctx, s.lockOptions(e, p.Name, "supervise"))
		if err != nil {
			return nil, err
		}
		return func() { _ = l.Release() }, nil // the kernel frees it in any case
	}}
	sup := convergence.NewSupervisor(e, convergence.SuperviseOptions{
		Services: services, Exclusive: exclusive.hold, Models: models,
		Record: func(r convergence.Record) {
			audit(r)
			counts.Record(r)
			teller.Send(p, r)
		},
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return sup.Run(ctx, p) })
	group.Go(func() error { return counts.Serve(ctx, listener, sup.Status) })
	group.Go(func() error { teller.Run(ctx); return nil })
	group.Go(func() error { return s.followModel(ctx, p, models) })
	return group.Wait()
}

// audit prints a line per record: the time, what was seen, decided and done.
func (s *session) audit(opt superviseOptions) func(convergence.Record) {
	if opt.logFormat == "json" {
		enc := json.NewEncoder(s.Out)
		return func(r convergence.Record) { _ = enc.Encode(auditLine(r)) } // whoever reads may be gone
	}
	return func(r convergence.Record) {
		line := r.String()
		if s.Terminal.Out {
			line = ui.Escape(line)
		}
		fmt.Fprintln(s.Out, r.Time.Format(time.RFC3339), line)
	}
}

// auditRecord is a record in JSON.
type auditRecord struct {
	Time      time.Time `json:"time"`
	Kind      string    `json:"kind"`
	Container string    `json:"container,omitempty"`
	Service   string    `json:"service,omitempty"`
	Seen      string    `json:"seen,omitempty"`
	Action    string    `json:"action,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Wait      float64   `json:"wait_seconds,omitempty"`
	ExitCode  *int      `json:"exit_code,omitempty"`
	Health    string    `json:"health,omitempty"`
	Alert     string    `json:"alert,omitempty"`
	Error     string    `json:"error,omitempty"`
}

func auditLine(r convergence.Record) auditRecord {
	a := auditRecord{
		Time: r.Time, Kind: string(r.Kind), Container: r.Container.Name, Service: r.Service, Seen: r.Seen,
		Reason: string(r.Decision.Reason), Detail: r.Decision.Detail, Wait: r.Wait.Seconds(), Health: string(r.Health), Alert: string(r.Alert),
	}
	switch r.Kind {
	case convergence.RecordDecision:
		a.Action = r.Decision.Action.String()
	case convergence.RecordAction:
		a.Action = r.Action.String()
	case convergence.RecordExit:
		a.ExitCode = &r.ExitCode
	}
	if r.Err != nil {
		a.Error = r.Err.Error()
	}
	return a
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

// superviseAddress is where status and metrics of a project are served.
func (s *session) superviseAddress(name, flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	dir := s.LockDir
	if dir == "" {
		var err error
		if dir, err = lock.DefaultDir(s.getenv); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a place for the supervisor's socket: %w", err)
	}
	return "unix:" + filepath.Join(dir, "supervise-"+string(project.Digest("supervise", []byte(name)))[:16]+".sock"), nil
}

// followModel loads the files again when one of them changes. A model that
// cannot be loaded changes nothing: the last good one stays.
func (s *session) followModel(ctx context.Context, p *project.Project, models chan<- *project.Project) error {
	return watchModel(ctx, p.Files, func() {
		in := s.loaderInput()
		fresh, _, err := s.reload(ctx, in)
		if err == nil && fresh.Name != p.Name {
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
	all, err := s.supervised(ctx, name, opt.metrics)
	if err != nil {
		return err
	}
	if opt.json {
		enc := json.NewEncoder(s.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	return ui.SupervisionTable(all, s.Terminal.Out).Print(s.Out, "table")
}

// supervised is what the project's supervisor tells; an error if none runs.
func (s *session) supervised(ctx context.Context, name, address string) ([]metrics.ContainerStatus, error) {
	address, err := s.superviseAddress(name, address)
	if err != nil {
		return nil, err
	}
	all, err := metrics.Ask(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("no supervisor runs for project %s: start one with `muster supervise`: %w", cmp.Or(name, "?"), err)
	}
	return all, nil
}

package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/project"
)

// said keeps what a supervisor reports.
type said struct {
	mu   sync.Mutex
	text []string
}

func (s *said) Warn(text string) { s.say("warn: " + text) }

func (s *said) Info(text string) { s.say("info: " + text) }

func (s *said) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, text)
}

func (s *said) has(part string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.text, func(line string) bool { return strings.Contains(line, part) })
}

// newOptions are for a supervisor of a project without a container.
func newOptions(t *testing.T) (Options, *said) {
	t.Helper()
	folder, err := os.MkdirTemp("", "keep") // names of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	e := memengine.New()
	t.Cleanup(func() { _ = e.Close() })
	report := &said{}
	return Options{
		Engine:  e,
		Project: &project.Project{Name: "shop", Files: []string{filepath.Join(folder, "compose.yaml")}},
		Place:   lock.Options{Folders: []lock.Folder{{Path: folder}}, Project: "shop", Op: "muster supervise", Version: "v1"},
		Acquire: func(ctx context.Context, opt lock.Options) (func(), error) {
			l, err := lock.Acquire(ctx, opt)
			if err != nil {
				return nil, err
			}
			return func() { _ = l.Release() }, nil
		},
		Report: report,
		Audit:  func(supervise.Record) {},
	}, report
}

// run runs the supervisor until the test ends, and comes back when it answers.
func run(t *testing.T, opt Options) {
	t.Helper()
	k, err := Take(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- k.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the supervisor ends with %v", err)
		}
		k.Release()
	})
	patience.InMemory().Until(t, "the supervisor answers", func() bool {
		_, err := Ask(t.Context(), opt.Place)
		return err == nil
	})
}

// TestOneKeeper: one process supervises a project at a time, and who asks is told
// whether one does.
func TestOneKeeper(t *testing.T) {
	opt, _ := newOptions(t)
	if _, err := Ask(t.Context(), opt.Place); !errors.Is(err, metrics.ErrNobody) {
		t.Errorf("where nobody supervises: %v", err)
	}
	if err := TellStopped(t.Context(), opt.Place, nil); err != nil {
		t.Errorf("nobody need be told: %v", err)
	}
	k, err := Take(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	var held *lock.HeldError
	if _, err := Take(t.Context(), opt); !errors.As(err, &held) {
		t.Errorf("the second of its kind: %v", err)
	}
	if _, err := Ask(t.Context(), opt.Place); err == nil || errors.Is(err, metrics.ErrNobody) {
		t.Errorf("one that cannot be asked: %v", err)
	}
	k.Release()
	run(t, opt)
	if err := TellStopped(t.Context(), opt.Place, []string{"web"}); err != nil {
		t.Error(err)
	}
}

// TestKeeperTakesTheModelOver: a file that changed is loaded and used; one that
// cannot be used, or is another project's, leaves the last good one.
func TestKeeperTakesTheModelOver(t *testing.T) {
	opt, report := newOptions(t)
	file := opt.Project.Files[0]
	opt.Reload = func(context.Context) (*project.Project, error) {
		text, err := os.ReadFile(file)
		if err != nil || len(text) == 0 {
			return nil, fmt.Errorf("%s is empty", file)
		}
		return &project.Project{Name: string(text), Files: []string{file}}, nil
	}
	run(t, opt)
	for _, c := range []struct{ name, text, want string }{
		{"a good one", "shop", "info: the Compose file changed; using the new one"},
		{"one that cannot be read", "", "is empty"},
		{"one of another project", "other", "warn: the Compose file changed but is invalid; keeping the previous one:\nthe project was renamed to other"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		patience.InMemory().Until(t, c.name, func() bool { return report.has(c.want) })
	}
}

// TestKeeperCannotServe: an address that cannot be listened on ends the supervisor
// before it does anything, and gives back the socket of the project.
func TestKeeperCannotServe(t *testing.T) {
	opt, _ := newOptions(t)
	opt.Metrics = "unix:" + filepath.Join(t.TempDir(), "missing", "socket")
	for range 2 {
		k, err := Take(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("it ends with %v", err)
		}
		k.Release()
	}
}

// TestActionsShareTheLock: any number of actions hold the project's lock together,
// nobody before it is taken, and the last one frees it.
func TestActionsShareTheLock(t *testing.T) {
	taken, freed := 0, 0
	asked, free := make(chan struct{}), make(chan struct{})
	l := &sharedLock{acquire: func(context.Context) (func(), error) {
		taken++
		close(asked)
		<-free
		return func() { freed++ }, nil
	}}
	drops := make(chan func(), 3)
	for range 3 {
		go func() {
			drop, err := l.take(t.Context())
			if err != nil {
				t.Error(err)
			}
			drops <- drop
		}()
	}
	<-asked
	if len(drops) > 0 {
		t.Error("somebody has the lock while it is waited for")
	}
	close(free)
	all := []func(){<-drops, <-drops, <-drops}
	for n, drop := range all {
		if freed > 0 {
			t.Errorf("it is free after %d", n)
		}
		drop()
	}
	if taken != 1 || freed != 1 {
		t.Errorf("taken %d times, freed %d times", taken, freed)
	}
}

// TestAlertsSeeNoSecret: of the environment a command that is told of alerts sees
// what it needs to run.
func TestAlertsSeeNoSecret(t *testing.T) {
	got := alertEnvironment([]string{"PATH=/bin", "DB_PASSWORD=s3cret", "HOME=/root", "PATHS=x", "TZ=UTC"})
	if want := []string{"PATH=/bin", "HOME=/root", "TZ=UTC"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

package build

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	dockerfile "github.com/moby/buildkit/frontend/dockerfile/builder"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/tonistiigi/fsutil"
	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/builder"
)

// BuildKit builds images with the engine's BuildKit, or with one elsewhere.
type BuildKit struct{}

func connectFor(ctx context.Context, d builder.Dialer, opt builder.Options) (*client.Client, error) {
	if opt.Remote != nil {
		return connectRemote(ctx, opt.Remote)
	}
	return connect(ctx, d)
}

// Supported implements builder.Builder.
func (BuildKit) Supported(ctx context.Context, d builder.Dialer) bool {
	c, err := connect(ctx, d)
	if err != nil {
		return false
	}
	defer c.Close()
	_, err = c.ListWorkers(ctx)
	return err == nil
}

func connect(ctx context.Context, d builder.Dialer) (*client.Client, error) {
	return client.New(ctx, "",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return d.DialHijack(ctx, "/grpc", "h2c", nil)
		}),
		client.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return d.DialHijack(ctx, "/session", proto, meta)
		}))
}

// Build implements builder.Builder.
func (BuildKit) Build(ctx context.Context, d builder.Dialer, spec engine.BuildSpec, opt builder.Options, report func(engine.Progress)) error {
	req, err := newRequest(spec, opt)
	if err != nil {
		return fmt.Errorf("build %s: %w", spec.Service.Image, err)
	}
	c, err := connectFor(ctx, d, opt)
	if err != nil {
		return fmt.Errorf("build %s: connect to the builder: %w", spec.Service.Image, err)
	}
	defer c.Close()
	solve, clean, err := req.solve(opt)
	if err != nil {
		return fmt.Errorf("build %s: %w", spec.Service.Image, err)
	}
	defer clean()
	ended := func(err error) error { return err }
	if opt.Remote != nil && !spec.Check {
		var archive client.ExportEntry
		archive, ended = exportTo(ctx, opt.Remote, req.names)
		solve.Exports = []client.ExportEntry{archive}
	}
	out := newOutput(spec, report)
	status := make(chan *client.SolveStatus)
	eg, egCtx := errgroup.WithContext(ctx)
	eg.Go(func() error { return out.follow(status) })
	eg.Go(func() error {
		_, err := c.Build(egCtx, solve, "muster", frontend(spec, req.built, out), status)
		return ended(err)
	})
	err = orLeave(ctx, eg.Wait)
	if err != nil && strings.Contains(err.Error(), errChecks.Error()) && spec.Check { // as text: it came through a call
		return fmt.Errorf("check %s: %w", spec.Service.Image, errChecks)
	}
	if err != nil {
		return explain(ctx, spec, err, out, req)
	}
	return nil
}

// leaveAfter is how long a build that was interrupted may take to end. A file
// system that does not answer would hold it for ever.
const leaveAfter = 10 * time.Second

// orLeave waits for the end of something that ctx ends, unless it does not end then.
func orLeave(ctx context.Context, wait func() error) error {
	done := make(chan error, 1)
	go func() { done <- wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(leaveAfter):
		return context.Cause(ctx)
	}
}

// frontend runs the Dockerfile frontend here, or asks it for its findings only.
func frontend(spec engine.BuildSpec, bases []string, out *output) gateway.BuildFunc {
	return func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		res, err := dockerfile.Build(ctx, newLocalBases(c, bases))
		if err != nil || !spec.Check {
			return res, err
		}
		out.say(string(res.Metadata["result.txt"]))
		if code := string(res.Metadata["result.statuscode"]); code != "" && code != "0" {
			return nil, errChecks
		}
		return gateway.NewResult(), nil
	}
}

var errChecks = errors.New("checks found problems")

// solve is the request in BuildKit's words. clean removes the temporary folder
// of an inline Dockerfile.
func (r request) solve(opt builder.Options) (client.SolveOpt, func(), error) {
	clean := func() {}
	if r.inline != "" {
		dir, err := os.MkdirTemp(opt.TempDir, "muster-build-")
		if err != nil {
			return client.SolveOpt{}, clean, err
		}
		clean = func() { _ = os.RemoveAll(dir) } // a leftover in the temporary folder is no failure
		if err := os.WriteFile(dir+"/Dockerfile", []byte(r.inline), 0o600); err != nil {
			clean()
			return client.SolveOpt{}, func() {}, err
		}
		r.locals["dockerfile"] = dir
	}
	s := client.SolveOpt{
		Frontend: "", FrontendAttrs: r.attrs, LocalMounts: map[string]fsutil.FS{},
		CacheImports: r.cacheFrom, CacheExports: r.cacheTo, AllowedEntitlements: r.entitlements, SharedKey: r.sharedKey,
	}
	if !r.check {
		s.Exports = []client.ExportEntry{{Type: "moby", Attrs: map[string]string{string(exptypes.OptKeyName): strings.Join(r.names, ",")}}}
	} else {
		s.Internal = true
	}
	for name, dir := range r.locals {
		local, err := fsutil.NewFS(dir)
		if err != nil {
			clean()
			return client.SolveOpt{}, func() {}, fmt.Errorf("read %s: %w", dir, err)
		}
		s.LocalMounts[name] = local
	}
	attachables, err := r.attachables(opt)
	if err != nil {
		clean()
		return client.SolveOpt{}, func() {}, err
	}
	s.Session = attachables
	return s, clean, nil
}

func (r request) attachables(opt builder.Options) ([]session.Attachable, error) {
	config := opt.Config
	if config == nil {
		config = configfile.New("")
	}
	all := []session.Attachable{authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{ConfigFile: config})}
	if len(r.secrets) > 0 {
		all = append(all, secretsprovider.FromMap(r.secrets))
	}
	if len(r.ssh) > 0 {
		agents, err := sshprovider.NewSSHAgentProvider(r.ssh)
		if err != nil {
			return nil, fmt.Errorf("ssh: %w", err)
		}
		all = append(all, agents)
	}
	return all, nil
}

// failure is a build that failed, in words for people.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() error { return f.cause }

// explain adds what a person needs to the builder's error.
func explain(ctx context.Context, spec engine.BuildSpec, err error, out *output, req request) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, errChecks) {
		return fmt.Errorf("check %s: %w", spec.Service.Name, errChecks)
	}
	var b strings.Builder
	for _, line := range out.tail() {
		b.WriteString("\n  " + line)
	}
	sources := errdefs.Sources(err)
	if len(sources) == 0 {
		if s, found := locate(req.filename, req.dockerfile(), out.failedStep()); found {
			sources = append(sources, s)
		}
	}
	for _, s := range sources {
		b.WriteString("\n")
		_ = s.Print(&b) // a strings.Builder does not fail
	}
	return &failure{fmt.Sprintf("build %s: %s%s", spec.Service.Image, engine.HideInAddresses(err.Error()), strings.TrimRight(b.String(), "\n")), err}
}

package build

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session/sshforward/sshprovider"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/builder"
	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/project"
)

// maxSecret is the most that BuildKit passes on as a secret.
const maxSecret = 500 << 10

// request is a build in values: what is asked of the frontend, and from where.
type request struct {
	attrs        map[string]string
	locals       map[string]string // folders by the name of their mount
	inline       string            // Dockerfile that stands in the Compose file
	filename     string            // of the Dockerfile, on this host or as people know it
	names        []string          // image names, the service's own first
	entitlements []string
	cacheFrom    []client.CacheOptionsEntry
	cacheTo      []client.CacheOptionsEntry
	secrets      map[string][]byte
	ssh          []sshprovider.AgentConfig
	sharedKey    string   // under which the engine keeps the context between builds
	built        []string // images of other services that it stands on
	check        bool
}

// newRequest translates a build section.
func newRequest(spec engine.BuildSpec, opt builder.Options) (request, error) {
	b := spec.Service.Spec.Build
	if b == nil {
		return request{}, fmt.Errorf("services.%s has no build section", spec.Service.Name)
	}
	r := request{
		attrs: map[string]string{}, locals: map[string]string{}, inline: b.DockerfileInline, check: spec.Check,
		names: unique(append([]string{spec.Service.Image}, b.Tags...)), secrets: map[string][]byte{},
		sharedKey: string(project.NewKey([]byte("build")).Digest(project.Path(spec.Project.Dir, spec.Service.Name), nil)),
	}
	r.options(spec, b)
	r.args(spec, b, opt.Proxy)
	for _, add := range []func(engine.BuildSpec, *types.BuildConfig) error{
		r.context, r.contexts, r.caches, r.secretFiles, r.agents, r.limits,
	} {
		if err := add(spec, b); err != nil {
			return request{}, err
		}
	}
	return r, nil
}

// options are the plain attributes.
func (r *request) options(spec engine.BuildSpec, b *types.BuildConfig) {
	set := func(key, value string) {
		if value != "" {
			r.attrs[key] = value
		}
	}
	set("target", b.Target)
	set("force-network-mode", networkMode(b.Network))
	set("platform", strings.Join(platforms(spec, b), ","))
	r.attrs["image-resolve-mode"] = "local"
	if spec.Pull || b.Pull {
		r.attrs["image-resolve-mode"] = "pull"
	}
	switch {
	case spec.NoCache || b.NoCache:
		r.attrs["no-cache"] = ""
	case len(b.NoCacheFilter) > 0:
		r.attrs["no-cache"] = strings.Join(b.NoCacheFilter, ",")
	}
	hosts := slices.Sorted(slices.Values(b.ExtraHosts.AsList("=")))
	set("add-hosts", strings.Join(hosts, ","))
	for key, value := range b.Labels {
		r.attrs["label:"+key] = value
	}
	for key, value := range spec.Labels {
		r.attrs["label:"+key] = value
	}
	attest(r.attrs, "attest:provenance", cmp.Or(spec.Provenance, b.Provenance))
	attest(r.attrs, "attest:sbom", cmp.Or(spec.SBOM, b.SBOM))
	r.entitlements = slices.Clone(b.Entitlements)
	if b.Privileged {
		r.entitlements = append(r.entitlements, "security.insecure")
	}
	if b.Network == "host" {
		r.entitlements = append(r.entitlements, "network.host")
	}
	r.entitlements = unique(r.entitlements)
	if spec.Check {
		r.attrs["requestid"] = "frontend.lint"
	}
}

// attest asks for an attestation: true is the frontend's default one, false
// none, anything else its parameters.
func attest(attrs map[string]string, key, value string) {
	switch on, err := strconv.ParseBool(value); {
	case value == "" || err == nil && !on:
	case err == nil:
		attrs[key] = ""
	default:
		attrs[key] = value
	}
}

func networkMode(mode string) string {
	if mode == "default" {
		return ""
	}
	return mode
}

// platforms are the service's own, else those of the build, else the default
// one of the project's environment.
func platforms(spec engine.BuildSpec, b *types.BuildConfig) []string {
	switch {
	case spec.Service.Spec.Platform != "":
		return []string{spec.Service.Spec.Platform}
	case len(b.Platforms) > 0:
		return b.Platforms
	case spec.Project.Environment["DOCKER_DEFAULT_PLATFORM"] != "":
		return []string{spec.Project.Environment["DOCKER_DEFAULT_PLATFORM"]}
	}
	return nil
}

// args are the proxy's, below the file's, below the command line's. A name
// alone takes its value from the project's environment.
func (r *request) args(spec engine.BuildSpec, b *types.BuildConfig, proxy map[string]string) {
	for name, value := range proxy {
		r.attrs["build-arg:"+name] = value
	}
	set := func(name string, value *string) {
		if value == nil {
			inherited, ok := spec.Project.Environment[name]
			if !ok {
				return
			}
			value = &inherited
		}
		r.attrs["build-arg:"+name] = *value
	}
	for name, value := range b.Args {
		set(name, value)
	}
	for _, arg := range spec.Args {
		if name, value, found := strings.Cut(arg, "="); found {
			set(name, &value)
		} else {
			set(name, nil)
		}
	}
}

// context is where the build reads from: a folder, whose Dockerfile may lie
// outside of it, or an address that the engine fetches.
func (r *request) context(spec engine.BuildSpec, b *types.BuildConfig) error {
	r.filename = "dockerfile_inline"
	if remote(b.Context) {
		r.attrs["context"] = b.Context
		if r.inline == "" {
			r.attrs["filename"] = cmp.Or(b.Dockerfile, "Dockerfile")
		} else {
			r.attrs["dockerfilekey"] = "dockerfile"
		}
		return nil
	}
	dir := absolute(spec.Project.Dir, b.Context)
	if err := isFolder(dir); err != nil {
		return fmt.Errorf("build context: %w", err)
	}
	if err := checkIgnoreFile(filepath.Join(dir, ".dockerignore")); err != nil {
		return fmt.Errorf("build context: %w", err)
	}
	r.locals["context"] = dir
	if r.inline != "" {
		return nil
	}
	file := absolute(dir, cmp.Or(b.Dockerfile, "Dockerfile"))
	content, err := hostfile.Read(file, builder.MaxText)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no Dockerfile %s; name it with services.%s.build.dockerfile", dir, cmp.Or(b.Dockerfile, "Dockerfile"), spec.Service.Name)
	}
	if err == nil {
		err = checkIgnoreFile(file + ".dockerignore")
	}
	if err != nil {
		return fmt.Errorf("services.%s.build.dockerfile: %w", spec.Service.Name, err)
	}
	r.locals["dockerfile"], r.filename = filepath.Dir(file), file
	r.attrs["filename"] = filepath.Base(file)
	if syntaxIsOurs(content) {
		r.attrs["cmdline"] = "dockerfile" // keeps the frontend from fetching another one
	}
	return nil
}

// checkIgnoreFile refuses what the builder could not read, or not to the end. The
// file need not be there.
func checkIgnoreFile(path string) error {
	_, err := hostfile.Read(path, builder.MaxText)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// dockerfile is its content, or nothing if only the engine has it.
func (r request) dockerfile() []byte {
	if r.inline != "" {
		return []byte(r.inline)
	}
	content, err := hostfile.Read(r.filename, builder.MaxText)
	if err != nil {
		return nil
	}
	return content
}

// syntaxIsOurs reports whether the Dockerfile asks for the stable frontend of
// version 1, which is the one that runs here.
func syntaxIsOurs(content []byte) bool {
	for line := range strings.Lines(string(content)) {
		directive, found := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !found {
			return false
		}
		key, value, found := strings.Cut(directive, "=")
		if found && strings.EqualFold(strings.TrimSpace(key), "syntax") {
			ref := strings.TrimPrefix(strings.TrimSpace(value), "docker.io/")
			return ref == "docker/dockerfile:1" || strings.HasPrefix(ref, "docker/dockerfile:1.") && !strings.Contains(ref, "-")
		}
	}
	return false
}

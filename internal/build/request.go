package build

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session/sshforward/sshprovider"

	"github.com/musterdev/muster/convergence"
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
	sharedKey    string // under which the engine keeps the context between builds
	check        bool
}

// newRequest translates a build section.
func newRequest(spec convergence.BuildSpec, opt Options) (request, error) {
	b := spec.Service.Spec.Build
	if b == nil {
		return request{}, fmt.Errorf("services.%s has no build section", spec.Service.Name)
	}
	r := request{
		attrs: map[string]string{}, locals: map[string]string{}, inline: b.DockerfileInline, check: spec.Check,
		names: unique(append([]string{spec.Service.Image}, b.Tags...)), secrets: map[string][]byte{},
		sharedKey: string(project.Digest(project.Path("build", spec.Project.Dir, spec.Service.Name), nil)),
	}
	r.options(spec, b)
	r.args(spec, b, opt.Proxy)
	for _, add := range []func(convergence.BuildSpec, *types.BuildConfig) error{
		r.context, r.contexts, r.caches, r.secretFiles, r.agents, r.limits,
	} {
		if err := add(spec, b); err != nil {
			return request{}, err
		}
	}
	return r, nil
}

// options are the plain attributes.
func (r *request) options(spec convergence.BuildSpec, b *types.BuildConfig) {
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
func platforms(spec convergence.BuildSpec, b *types.BuildConfig) []string {
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
func (r *request) args(spec convergence.BuildSpec, b *types.BuildConfig, proxy map[string]string) {
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
func (r *request) context(spec convergence.BuildSpec, b *types.BuildConfig) error {
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
	r.locals["context"] = dir
	if r.inline != "" {
		return nil
	}
	file := absolute(dir, cmp.Or(b.Dockerfile, "Dockerfile"))
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return fmt.Errorf("%s has no Dockerfile %s; name it with services.%s.build.dockerfile", dir, cmp.Or(b.Dockerfile, "Dockerfile"), spec.Service.Name)
	}
	r.locals["dockerfile"], r.filename = filepath.Dir(file), file
	r.attrs["filename"] = filepath.Base(file)
	if r.syntaxIsOurs(file) {
		r.attrs["cmdline"] = "dockerfile" // keeps the frontend from fetching another one
	}
	return nil
}

// dockerfile is its content, or nothing if only the engine has it.
func (r request) dockerfile() []byte {
	if r.inline != "" {
		return []byte(r.inline)
	}
	content, err := os.ReadFile(r.filename)
	if err != nil {
		return nil
	}
	return content
}

// syntaxIsOurs reports whether the Dockerfile asks for the stable frontend of
// version 1, which is the one that runs here.
func (r *request) syntaxIsOurs(file string) bool {
	content, err := os.ReadFile(file)
	if err != nil {
		return false
	}
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

// contexts are the named ones: folders, other services' images, images, addresses.
func (r *request) contexts(spec convergence.BuildSpec, b *types.BuildConfig) error {
	for _, name := range slices.Sorted(maps.Keys(b.AdditionalContexts)) {
		value := b.AdditionalContexts[name]
		service, ofService := strings.CutPrefix(value, types.ServicePrefix)
		switch {
		case ofService:
			s := spec.Project.Service(service)
			if s == nil {
				s = spec.Project.DisabledService(service)
			}
			if s == nil {
				return fmt.Errorf("additional_contexts.%s: no such service: %s", name, service)
			}
			r.attrs["context:"+name] = "docker-image://" + s.Image
		case strings.HasPrefix(value, "docker-image://") || remote(value):
			r.attrs["context:"+name] = value
		case strings.Contains(value, "://"):
			return fmt.Errorf("additional_contexts.%s: %q is none of: a folder, docker-image://, service:, a URL", name, value)
		default:
			dir := absolute(spec.Project.Dir, value)
			if err := isFolder(dir); err != nil {
				return fmt.Errorf("additional_contexts.%s: %w", name, err)
			}
			r.locals[name] = dir
			r.attrs["context:"+name] = "local:" + name
		}
	}
	return nil
}

func (r *request) caches(_ convergence.BuildSpec, b *types.BuildConfig) error {
	var errs []error
	read := func(key string, values []string) []client.CacheOptionsEntry {
		var entries []client.CacheOptionsEntry
		for _, value := range values {
			e, err := cacheEntry(value)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", key, err))
				continue
			}
			entries = append(entries, e)
		}
		return entries
	}
	r.cacheFrom, r.cacheTo = read("cache_from", b.CacheFrom), read("cache_to", b.CacheTo)
	return errors.Join(errs...)
}

// cacheEntry reads type=T,key=value,…; an image reference alone is a registry cache.
func cacheEntry(value string) (client.CacheOptionsEntry, error) {
	if !strings.Contains(value, "=") {
		return client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{"ref": value}}, nil
	}
	e := client.CacheOptionsEntry{Attrs: map[string]string{}}
	for part := range strings.SplitSeq(value, ",") {
		k, v, found := strings.Cut(part, "=")
		if !found {
			return e, fmt.Errorf("%q: %q is not key=value", value, part)
		}
		if k == "type" {
			e.Type = v
		} else {
			e.Attrs[k] = v
		}
	}
	if e.Type == "" {
		return e, fmt.Errorf("%q names no type", value)
	}
	return e, nil
}

// secretFiles are the secrets that steps may mount.
func (r *request) secretFiles(spec convergence.BuildSpec, b *types.BuildConfig) error {
	for _, ref := range b.Secrets {
		i := slices.IndexFunc(spec.Project.Secrets, func(f *project.File) bool { return f.Key == ref.Source })
		if i < 0 {
			return fmt.Errorf("secrets: %s is not defined", ref.Source)
		}
		f := spec.Project.Secrets[i]
		content := f.Content
		switch {
		case f.External:
			return fmt.Errorf("secrets: %s is external, which a build cannot read", ref.Source)
		case f.Missing:
			return fmt.Errorf("secrets: %s: the variable %s is not set", ref.Source, f.Variable)
		case f.Path != "":
			var err error
			if content, err = os.ReadFile(absolute(spec.Project.Dir, f.Path)); err != nil {
				return fmt.Errorf("secrets: %s: %w", ref.Source, err)
			}
		}
		if len(content) > maxSecret {
			return fmt.Errorf("secrets: %s is larger than %d KiB", ref.Source, maxSecret>>10)
		}
		r.secrets[cmp.Or(filepath.Base(cmp.Or(ref.Target, ref.Source)), ref.Source)] = content
	}
	return nil
}

func (r *request) agents(spec convergence.BuildSpec, b *types.BuildConfig) error {
	keys := slices.Clone(b.SSH)
	for _, s := range spec.SSH {
		id, path, _ := strings.Cut(s, "=")
		keys = append(keys, types.SSHKey{ID: id, Path: path})
	}
	for _, k := range keys {
		agent := sshprovider.AgentConfig{ID: k.ID}
		if k.Path != "" {
			agent.Paths = []string{absolute(spec.Project.Dir, k.Path)}
		}
		r.ssh = append(r.ssh, agent)
	}
	return nil
}

func (r *request) limits(_ convergence.BuildSpec, b *types.BuildConfig) error {
	if b.ShmSize > 0 {
		r.attrs["shm-size"] = strconv.FormatInt(int64(b.ShmSize), 10)
	}
	var limits []string
	for _, name := range slices.Sorted(maps.Keys(b.Ulimits)) {
		u := b.Ulimits[name]
		soft, hard := u.Soft, u.Hard
		if u.Single != 0 {
			soft, hard = u.Single, u.Single
		}
		limits = append(limits, fmt.Sprintf("%s=%d:%d", name, soft, hard))
	}
	if len(limits) > 0 {
		r.attrs["ulimit"] = strings.Join(limits, ",")
	}
	if b.Isolation != "" && b.Isolation != "default" {
		return fmt.Errorf("isolation %q: BuildKit builds have no isolation mode", b.Isolation)
	}
	return nil
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func isFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", dir)
	}
	return err
}

// remote reports whether the engine fetches the context itself.
func remote(context string) bool {
	return slices.ContainsFunc([]string{"http://", "https://", "git://", "ssh://", "git@", "github.com/"}, func(prefix string) bool {
		return strings.HasPrefix(context, prefix)
	})
}

// unique drops repetitions and keeps the order.
func unique(all []string) []string {
	var out []string
	for _, s := range all {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

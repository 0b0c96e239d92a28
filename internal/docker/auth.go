package docker

import (
	"fmt"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config/configfile"
	clitypes "github.com/docker/cli/cli/config/types"
	"github.com/docker/docker/api/types/registry"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
)

// dockerHub is the name under which Docker Hub's credentials are kept.
const dockerHub = "https://index.docker.io/v1/"

// registryOf is the host of the registry that a reference belongs to.
func registryOf(ref reference.Named) string { return reference.Domain(ref) }

// credentials are what a registry is given.
type credentials struct {
	auth   string // encoded; empty if there are none
	broken error  // why those that may be there cannot be read
}

// credentials are those for a registry. That they cannot be read is a warning
// at first: many images need none.
func (e *Engine) credentials(host string) credentials {
	file, broken := e.settings.config()
	if broken != nil {
		e.settings.usable() // warns
		return credentials{broken: broken}
	}
	key := host
	if host == "docker.io" {
		key = dockerHub
	}
	found, err := file.GetAuthConfig(key)
	if err == nil && (found == (clitypes.AuthConfig{}) || found == (clitypes.AuthConfig{ServerAddress: key})) {
		return credentials{}
	}
	auth := ""
	if err == nil {
		auth, err = registry.EncodeAuthConfig(registry.AuthConfig(found))
	}
	if err != nil {
		err = fmt.Errorf("read credentials for %s: %s", host, oneLine(err.Error()))
		e.settings.warn(err.Error() + "; going on without them")
	}
	return credentials{auth, err}
}

// missing says what a registry that wants credentials has not been given.
func (c credentials) missing() string {
	if c.broken != nil {
		return "cannot read them (" + oneLine(c.broken.Error()) + ")"
	}
	return "none are stored"
}

// allCredentials are those of all registries: those in the file itself, with a
// warning, if the helper programs that keep others do not answer.
func (e *Engine) allCredentials() map[string]clitypes.AuthConfig {
	file := e.settings.usable()
	all, err := file.GetAllCredentials()
	if err == nil {
		return all
	}
	e.settings.warn(oneLine(fmt.Sprintf("read credentials: %v", err)) + "; going on without them")
	return file.AuthConfigs
}

// credentialsFile is the configuration that a container with use_api_socket
// gets: every credential in plain form, because it has no helper programs.
func (e *Engine) credentialsFile() (engine.FileContent, error) {
	plain := configfile.ConfigFile{AuthConfigs: e.allCredentials()}
	var text strings.Builder
	if err := plain.SaveToWriter(&text); err != nil {
		return engine.FileContent{}, fmt.Errorf("write credentials: %w", err)
	}
	return engine.FileContent{Path: path.Join(request.SocketConfig, "config.json"), Content: []byte(text.String()), Mode: 0o600}, nil
}

// proxyVariables are what the client's configuration sets in containers. A
// Windows engine knows names in upper case only.
func (e *Engine) proxyVariables(os string) map[string]string {
	variables := map[string]string{}
	parsed := e.settings.usable().ParseProxyConfig(e.endpoint.host, nil)
	for _, name := range slices.Sorted(maps.Keys(parsed)) {
		if value := parsed[name]; value != nil && (os != "windows" || name == strings.ToUpper(name)) {
			variables[name] = *value
		}
	}
	return variables
}

// authConfigs are the credentials of all registries, for builds.
func (e *Engine) authConfigs() map[string]registry.AuthConfig {
	all := e.allCredentials()
	out := make(map[string]registry.AuthConfig, len(all))
	for host, auth := range all {
		out[host] = registry.AuthConfig(auth)
	}
	return out
}

// buildConfig is the configuration for BuildKit, which asks helper programs for
// credentials while it builds and takes one that is missing for a failure. Those
// are left out, with a warning.
func (e *Engine) buildConfig() *configfile.ConfigFile {
	file := *e.settings.usable()
	missing := func(helper string) bool {
		if helper == "" {
			return false
		}
		_, err := exec.LookPath("docker-credential-" + helper)
		if err != nil {
			e.settings.warn(fmt.Sprintf("read credentials: %v; going on without them", err))
		}
		return err != nil
	}
	if missing(file.CredentialsStore) {
		file.CredentialsStore = ""
	}
	file.CredentialHelpers = maps.Clone(file.CredentialHelpers)
	maps.DeleteFunc(file.CredentialHelpers, func(_, helper string) bool { return missing(helper) })
	return &file
}

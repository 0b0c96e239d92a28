package docker

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config/configfile"
	clitypes "github.com/docker/cli/cli/config/types"
	"github.com/docker/docker/api/types/registry"

	"github.com/musterdev/muster/convergence"
)

// dockerHub is the name under which Docker Hub's credentials are kept.
const dockerHub = "https://index.docker.io/v1/"

// registryOf is the host of the registry that a reference belongs to.
func registryOf(ref reference.Named) string { return reference.Domain(ref) }

// credentials are the encoded credentials for a registry, empty if the
// configuration has none.
func (e *Engine) credentials(host string) (string, error) {
	file, err := e.settings.config()
	if err != nil {
		return "", err
	}
	key := host
	if host == "docker.io" {
		key = dockerHub
	}
	auth, err := file.GetAuthConfig(key)
	if err != nil {
		return "", fmt.Errorf("read credentials for %s: %w", host, err)
	}
	if auth == (clitypes.AuthConfig{}) || auth == (clitypes.AuthConfig{ServerAddress: key}) {
		return "", nil
	}
	return registry.EncodeAuthConfig(registry.AuthConfig(auth))
}

// credentialsFile is the configuration that a container with use_api_socket
// gets: every credential in plain form, because it has no helper programs.
func (e *Engine) credentialsFile() (convergence.FileContent, error) {
	file, err := e.settings.config()
	if err != nil {
		return convergence.FileContent{}, err
	}
	all, err := file.GetAllCredentials()
	if err != nil {
		return convergence.FileContent{}, fmt.Errorf("read credentials: %w", err)
	}
	plain := configfile.ConfigFile{AuthConfigs: all}
	var text strings.Builder
	if err := plain.SaveToWriter(&text); err != nil {
		return convergence.FileContent{}, fmt.Errorf("write credentials: %w", err)
	}
	return convergence.FileContent{Path: path.Join(apiSocketConfig, "config.json"), Content: []byte(text.String()), Mode: 0o600}, nil
}

// proxyVariables are what the client's configuration sets in containers. A
// Windows engine knows names in upper case only.
func (e *Engine) proxyVariables(os string) (map[string]string, error) {
	file, err := e.settings.config()
	if err != nil {
		return nil, err
	}
	variables := map[string]string{}
	parsed := file.ParseProxyConfig(e.endpoint.host, nil)
	for _, name := range slices.Sorted(maps.Keys(parsed)) {
		if value := parsed[name]; value != nil && (os != "windows" || name == strings.ToUpper(name)) {
			variables[name] = *value
		}
	}
	return variables, nil
}

// authConfigs are the credentials of all registries, for builds.
func (e *Engine) authConfigs() (map[string]registry.AuthConfig, error) {
	file, err := e.settings.config()
	if err != nil {
		return nil, err
	}
	all, err := file.GetAllCredentials()
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	out := make(map[string]registry.AuthConfig, len(all))
	for host, auth := range all {
		out[host] = registry.AuthConfig(auth)
	}
	return out, nil
}

package docker

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
)

// Options say which engine to use, as the docker command line's global flags
// and environment do. The zero value is the local default engine.
type Options struct {
	// Getenv looks environment variables up; nil is an empty environment. Read
	// are DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, DOCKER_TLS,
	// DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, DOCKER_API_VERSION and HOME.
	Getenv func(string) string
	// ConfigDir is the folder of config.json and the contexts; empty is
	// DOCKER_CONFIG, else .docker in the home folder.
	ConfigDir string
	Host      string // over DOCKER_HOST and contexts: unix://, tcp://, ssh://, npipe://
	Context   string // over DOCKER_HOST, DOCKER_CONTEXT and the current context
	TLS       bool
	TLSVerify bool   // implies TLS
	CACert    string // files; empty are ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH
	Cert      string
	Key       string
	UserAgent string // empty is muster
}

// settings are Options with everything looked up but config.json, which most
// commands need only for the name of the current context.
type settings struct {
	Options
	config func() (*configfile.ConfigFile, error)
}

func (o Options) settings() settings {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.ConfigDir == "" {
		o.ConfigDir = cmp.Or(o.Getenv("DOCKER_CONFIG"), filepath.Join(home(o.Getenv), ".docker"))
	}
	o.UserAgent = cmp.Or(o.UserAgent, "muster")
	dir := o.ConfigDir
	return settings{Options: o, config: sync.OnceValues(func() (*configfile.ConfigFile, error) {
		file, err := config.Load(dir)
		if err != nil {
			return nil, fmt.Errorf("read docker configuration: %w", err)
		}
		return file, nil
	})}
}

func home(getenv func(string) string) string {
	if dir := cmp.Or(getenv("HOME"), getenv("USERPROFILE")); dir != "" {
		return dir
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "" // then .docker is looked for where we stand
	}
	return dir
}

// contextName is the context to use; empty is the default one, which is made
// of Host or DOCKER_HOST.
func (s settings) contextName() (string, error) {
	if s.Host != "" && s.Context != "" {
		return "", fmt.Errorf("both host %q and context %q are given: give one of them", s.Host, s.Context)
	}
	name := s.Context
	if name == "" && s.Host == "" && s.Getenv("DOCKER_HOST") == "" {
		name = s.Getenv("DOCKER_CONTEXT")
		if name == "" {
			file, err := s.config()
			if err != nil {
				return "", err
			}
			name = file.CurrentContext
		}
	}
	if name == "default" {
		return "", nil
	}
	return name, nil
}

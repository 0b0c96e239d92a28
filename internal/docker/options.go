package docker

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"

	"github.com/musterdev/muster/internal/builder"
	"github.com/musterdev/muster/internal/hostfile"
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
	// Builder builds images; without one the engine's classic builder does.
	Builder builder.Builder
	// Warn is told of what is wrong with docker's configuration: it is done without
	// it, and only what needs it fails. Nil tells nobody.
	Warn func(text string)
}

// settings are Options with everything looked up but config.json, which most
// commands need only for the name of the current context.
type settings struct {
	Options
	// config is config.json, or an empty one if that cannot be read; broken then
	// says why.
	config func() (file *configfile.ConfigFile, broken error)
	warned *onceEach
}

// onceEach says every text once.
type onceEach struct {
	mu   sync.Mutex
	said map[string]bool
}

func (s settings) warn(text string) {
	s.warned.mu.Lock()
	defer s.warned.mu.Unlock()
	if s.Warn != nil && !s.warned.said[text] {
		s.Warn(text)
	}
	s.warned.said[text] = true
}

// usable is config.json, or an empty one, with a warning, if that cannot be read.
func (s settings) usable() *configfile.ConfigFile {
	file, broken := s.config()
	if broken != nil {
		s.warn(broken.Error() + "; going on without it: no credentials, no current context, no proxies")
	}
	return file
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
	return settings{
		Options: o, warned: &onceEach{said: map[string]bool{}},
		config: sync.OnceValues(func() (*configfile.ConfigFile, error) { return readConfig(filepath.Join(dir, config.ConfigFileName)) }),
	}
}

// readConfig reads config.json. A file that is not there is an empty one.
func readConfig(path string) (*configfile.ConfigFile, error) {
	text, err := hostfile.Read(path, maxConfig)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return configfile.New(path), fmt.Errorf("read docker configuration %s: %w", path, hostfile.Reason(err))
	}
	file := configfile.New(path)
	if err == nil {
		err = file.LoadFromReader(bytes.NewReader(text))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return configfile.New(path), fmt.Errorf("read docker configuration %s: %w", path, err)
	}
	return file, nil
}

// maxConfig is the most that is read of config.json, which holds certificates and
// tokens at times.
const maxConfig = 16 << 20

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
		return "", fmt.Errorf("both host %q and context %q are set: use one of them", s.Host, s.Context)
	}
	name := s.Context
	if name == "" && s.Host == "" && s.Getenv("DOCKER_HOST") == "" {
		name = s.Getenv("DOCKER_CONTEXT")
		if name == "" {
			name = s.usable().CurrentContext
		}
	}
	if name == "default" {
		return "", nil
	}
	return name, nil
}

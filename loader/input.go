package loader

import (
	"io"

	"github.com/musterdev/muster/project"
)

// Input says what to load. The zero value looks for the default files in the
// current directory with an empty environment.
type Input struct {
	// Files are the Compose files in order (-f). "-" is Stdin. Without any,
	// COMPOSE_FILE and then the default names decide.
	Files []string
	// Stdin is read if one of the files is "-".
	Stdin io.Reader
	// Pipes, if set, is shared by loads of the same command line, whose files may
	// be pipes.
	Pipes *Pipes
	// ProjectName overrides every other source of the name (-p).
	ProjectName string
	// Dir is the base of relative paths (--project-directory); empty is the
	// directory of the first file.
	Dir string
	// WorkingDir is the directory the command runs in; empty is the process's.
	WorkingDir string
	// EnvFiles replace the default .env (--env-file); later ones win.
	EnvFiles []string
	// Key keys the digests by which changes of configs, secrets and attributes are
	// told from labels; see project.Key. With the zero value changed contents of
	// configs and secrets are not noticed.
	Key project.Key
	// Env is the process environment, as K=V.
	Env []string
	// Profiles are the active profiles (--profile); empty means COMPOSE_PROFILES.
	Profiles []string
	// Services are the services named on the command line: their profiles
	// become active, and only they and what they need have their env files
	// read. Nothing is selected; see project.Select for that.
	Services []string
	// AllProfiles activates every profile, whatever Profiles says.
	AllProfiles bool
	// AllResources keeps networks, volumes, configs and secrets that no active
	// service uses.
	AllResources bool
	// Compatibility joins container names with "_".
	Compatibility bool

	// The switches of `config` that leave out a phase of loading.
	NoInterpolate    bool // keep ${…} as written
	NoNormalize      bool // no implied networks, names and dependencies
	NoPathResolution bool // keep relative paths
	NoConsistency    bool // no checks across elements
	NoEnvResolution  bool // keep env_file entries unread

	// Named, if set, is called as soon as the project's name is known, while
	// most of the work is still to be done: whatever depends on nothing else can
	// begin. The load may fail after all.
	Named func(name string)

	Limits Limits
}

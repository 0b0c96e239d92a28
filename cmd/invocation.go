package cmd

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// pluginMetadata is the sub-command by which the docker command line asks
// programs in its plugin folders who they are.
const pluginMetadata = "docker-cli-plugin-metadata"

// pluginHooks is the one by which it asks for hints to print after a command.
const pluginHooks = "docker-cli-plugin-hooks"

// invocation is a command line after the forms in which the same binary can be
// called have been told apart:
//
//	muster up                      under its own name
//	docker-compose up              under the standalone name of Docker Compose
//	docker muster up               as a plugin: the binary is called as
//	docker compose up              docker-muster muster up, docker-compose compose up
//
// Flags of the docker command line may stand in front in every form.
type invocation struct {
	args     []string
	engine   dockerFlags // from docker's flags
	metadata bool        // only the plugin's description was asked for
	silent   bool        // hints were asked for: there are none
	asPlugin bool        // called by the docker command line
}

// parseInvocation reads the program's name and arguments.
func parseInvocation(program string, args []string) (invocation, error) {
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	plugin, isPlugin := strings.CutPrefix(name, "docker-")
	inv := invocation{}
	if isPlugin && len(args) > 0 {
		switch args[0] {
		case pluginMetadata:
			inv.metadata = true
			return inv, nil
		case pluginHooks:
			inv.silent = true
			return inv, nil
		}
	}
	rest, err := inv.takeDockerFlags(args)
	if err != nil {
		return inv, err
	}
	if isPlugin && len(rest) > 0 && rest[0] == plugin {
		inv.asPlugin = true
		if rest, err = inv.takeDockerFlags(rest[1:]); err != nil {
			return inv, err
		}
	}
	inv.args = standalone(rest)
	return inv, nil
}

// takeDockerFlags takes docker's own flags off the front of the arguments.
func (inv *invocation) takeDockerFlags(args []string) (rest []string, err error) {
	for len(args) > 0 {
		flag, value, joined := strings.Cut(args[0], "=")
		take, isSwitch := inv.dockerFlag(flag)
		switch {
		case take == nil:
			return args, nil
		case isSwitch && !joined:
			value = "true"
		case !joined && len(args) < 2:
			return nil, fmt.Errorf("flag needs an argument: %s", flag)
		case !joined:
			value, args = args[1], args[1:]
		}
		if err := take(value); err != nil {
			return nil, fmt.Errorf("invalid argument %q for %s", value, flag)
		}
		args = args[1:]
	}
	return args, nil
}

// dockerFlag is what sets a flag of docker, or nil for other words.
func (inv *invocation) dockerFlag(flag string) (take func(string) error, isSwitch bool) {
	text := func(to *string) func(string) error {
		return func(v string) error { *to = v; return nil }
	}
	on := func(to *bool) func(string) error {
		return func(v string) (err error) { *to, err = strconv.ParseBool(v); return err }
	}
	var unused bool
	o := &inv.engine
	switch flag {
	case "-D", "--debug":
		return on(&unused), true
	case "--tls":
		return on(&o.TLS), true
	case "--tlsverify":
		return on(&o.TLSVerify), true
	case "--tlscacert":
		return text(&o.CACert), false
	case "--tlscert":
		return text(&o.Cert), false
	case "--tlskey":
		return text(&o.Key), false
	case "-H", "--host":
		return text(&o.Host), false
	case "-c", "--context":
		return text(&o.Context), false
	case "--config":
		return text(&o.ConfigDir), false
	case "-l", "--log-level":
		return func(string) error { return nil }, false
	}
	return nil, false
}

// standalone turns the short forms that people use in place of a command into it.
func standalone(args []string) []string {
	if len(args) == 0 {
		return args
	}
	switch args[0] {
	case "-h":
		return append([]string{"--help"}, args[1:]...)
	case "-v", "--version":
		return append([]string{"version"}, args[1:]...)
	}
	return args
}

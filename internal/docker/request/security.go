package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// security translates security_opt and credential_spec: profiles are files of
// this machine, so their content is sent.
func (t Translation) security(h *container.HostConfig) error {
	for _, opt := range t.spec.SecurityOpt {
		opt = withEquals(opt)
		name, value, _ := strings.Cut(opt, "=")
		switch {
		case opt == "systempaths=unconfined":
			// Empty lists, not missing ones, take the engine's defaults away.
			h.MaskedPaths, h.ReadonlyPaths = []string{}, []string{}
			continue
		case name == "seccomp" && value != "unconfined" && value != "builtin" && !strings.HasPrefix(value, "{"):
			profile, err := t.seccomp(value)
			if err != nil {
				return t.invalid("security_opt", err)
			}
			opt = "seccomp=" + profile
		}
		h.SecurityOpt = append(h.SecurityOpt, opt)
	}
	if c := t.spec.CredentialSpec; c != nil && t.OS == "windows" {
		switch {
		case c.File != "":
			h.SecurityOpt = append(h.SecurityOpt, "credentialspec=file://"+c.File)
		case c.Registry != "":
			h.SecurityOpt = append(h.SecurityOpt, "credentialspec=registry://"+c.Registry)
		}
	}
	return nil
}

// withEquals turns the old form name:value into name=value.
func withEquals(opt string) string {
	name, value, found := strings.Cut(opt, ":")
	if !found || strings.Contains(name, "=") {
		return opt
	}
	switch name {
	case "label", "apparmor", "seccomp", "no-new-privileges", "systempaths", "writable-cgroups", "credentialspec":
		return name + "=" + value
	}
	return opt
}

func (t Translation) seccomp(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(t.in.Project.Dir, path)
	}
	b, err := t.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read seccomp profile: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return "", fmt.Errorf("read seccomp profile %s: %w", path, err)
	}
	return compact.String(), nil
}

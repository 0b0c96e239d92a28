package keeper

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// Unit is what a systemd unit that supervises a project runs.
type Unit struct {
	Program   string
	Project   *project.Project
	LogFormat string
	Metrics   string // an address; empty is none
	Services  []string
}

// Name is the unit's name.
func (u Unit) Name() string { return "muster-" + u.Project.Name + ".service" }

// Text is the unit. A file that cannot be read again when systemd starts the unit
// is an error, and so is a word with control characters: systemd's own escapes
// differ from version to version, and a newline that gets through is a line of
// the unit. The environment is left out: it may hold secrets, and units are
// readable by everyone.
func (u Unit) Text() (string, error) {
	p := u.Project
	if err := checkLasting(slices.Concat(p.Files, p.EnvFiles)); err != nil {
		return "", err
	}
	args := []string{u.Program}
	for _, f := range p.Files {
		args = append(args, "--file", f)
	}
	for _, f := range p.EnvFiles {
		args = append(args, "--env-file", f)
	}
	args = append(args, "--project-directory", p.Dir, "--project-name", p.Name, "supervise", "--log-format", u.LogFormat)
	if u.Metrics != "" {
		args = append(args, "--metrics", u.Metrics)
	}
	args = append(args, u.Services...)
	quoted := make([]string, len(args))
	for i, a := range args {
		if ui.Escape(a) != a {
			return "", fmt.Errorf("%q has control characters, which a unit file cannot contain: rename it", a)
		}
		quoted[i] = unitQuote(a)
	}
	return fmt.Sprintf(`[Unit]
Description=Muster supervisor of project %s
Documentation=https://github.com/musterdev/muster
After=docker.service network-online.target
Wants=docker.service network-online.target

[Service]
ExecStart=%s
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`, p.Name, strings.Join(quoted, " ")), nil
}

// checkLasting is an error if one of the files cannot be read again when systemd starts
// the unit: standard input, or another pipe.
func checkLasting(files []string) error {
	for _, f := range files {
		info, err := os.Stat(f)
		if f == "-" || err == nil && !info.Mode().IsRegular() && f != os.DevNull {
			return fmt.Errorf("a unit cannot read %s when it starts: use a file", f)
		}
	}
	return nil
}

// unitQuote quotes a word of a unit's command line: specifiers and variables
// are taken literally.
func unitQuote(s string) string {
	s = strings.NewReplacer("%", "%%", "$", "$$").Replace(s)
	if s != "" && !strings.ContainsAny(s, " \"'\\;") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

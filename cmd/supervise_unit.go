package cmd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/musterdev/muster/project"
)

// unitFolder is where systemd looks for units that an administrator adds.
const unitFolder = "/etc/systemd/system"

// superviseUnit prints or installs a unit that supervises the project.
func (s *session) superviseUnit(p *project.Project, opt superviseOptions, services []string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	unit := supervisorUnit(program, p, opt, services)
	if opt.printUnit {
		_, err := fmt.Fprint(s.Out, unit)
		return err
	}
	name := "muster-" + p.Name + ".service"
	path := filepath.Join(cmp.Or(s.UnitDir, unitFolder), name)
	if s.global.dryRun {
		s.inform("would write " + path + ":")
		_, err := fmt.Fprint(s.Out, unit)
		return err
	}
	if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
		return fmt.Errorf("install the unit (this needs root; --print-unit shows it): %w", err)
	}
	_, err = fmt.Fprintf(s.Out, "wrote %s; start it with:\n  systemctl daemon-reload && systemctl enable --now %s\n", path, name)
	return err
}

// supervisorUnit is the text of the unit. The environment is left out: it may
// hold secrets, and units are readable by everyone.
func supervisorUnit(program string, p *project.Project, opt superviseOptions, services []string) string {
	args := []string{program}
	for _, f := range p.Files {
		args = append(args, "--file", f)
	}
	for _, f := range p.EnvFiles {
		args = append(args, "--env-file", f)
	}
	args = append(args, "--project-directory", p.Dir, "--project-name", p.Name, "supervise", "--log-format", opt.logFormat)
	if opt.metrics != "" {
		args = append(args, "--metrics", opt.metrics)
	}
	args = append(args, services...)
	quoted := make([]string, len(args))
	for i, a := range args {
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
`, p.Name, strings.Join(quoted, " "))
}

// unitQuote quotes a word of a unit's command line: specifiers and variables
// are taken literally.
func unitQuote(s string) string {
	s = strings.NewReplacer("%", "%%", "$", "$$").Replace(s)
	if s != "" && !strings.ContainsAny(s, " \t\n\"'\\;") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

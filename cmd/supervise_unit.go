package cmd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/musterdev/muster/internal/ui"
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
	if err := lasting(slices.Concat(p.Files, p.EnvFiles)); err != nil {
		return err
	}
	unit, err := supervisorUnit(program, p, opt, services)
	if err != nil {
		return err
	}
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

// lasting is an error if one of the files cannot be read again when systemd starts
// the unit: standard input, or another pipe.
func lasting(files []string) error {
	for _, f := range files {
		info, err := os.Stat(f)
		if f == "-" || err == nil && !info.Mode().IsRegular() && f != os.DevNull {
			return fmt.Errorf("a unit cannot read %s again when it starts: name a file", f)
		}
	}
	return nil
}

// supervisorUnit is the text of the unit. A word with control characters is an
// error: systemd's own escapes differ from version to version, and a newline that
// gets through is a line of the unit. The environment is left out: it may
// hold secrets, and units are readable by everyone.
func supervisorUnit(program string, p *project.Project, opt superviseOptions, services []string) (string, error) {
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
		if ui.Escape(a) != a {
			return "", fmt.Errorf("%q has control characters, which cannot be written into a unit: rename it", a)
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

// unitQuote quotes a word of a unit's command line: specifiers and variables
// are taken literally.
func unitQuote(s string) string {
	s = strings.NewReplacer("%", "%%", "$", "$$").Replace(s)
	if s != "" && !strings.ContainsAny(s, " \"'\\;") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

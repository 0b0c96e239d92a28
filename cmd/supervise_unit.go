package cmd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/project"
)

// unitFolder is where systemd looks for units that an administrator adds.
const unitFolder = "/etc/systemd/system"

// superviseUnit prints or installs a unit that supervises the project.
func superviseUnit(app *App, c *console, p *project.Project, opt superviseOptions, services []string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	unit := keeper.Unit{Program: program, Project: p, LogFormat: opt.logFormat, Metrics: opt.metrics, Services: services}
	text, err := unit.Text()
	if err != nil {
		return err
	}
	if opt.printUnit {
		_, err := fmt.Fprint(c.Out, text)
		return err
	}
	path := filepath.Join(cmp.Or(app.UnitDir, unitFolder), unit.Name())
	if c.flags.dryRun {
		c.inform("would write " + path + ":")
		_, err := fmt.Fprint(c.Out, text)
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("install the unit (this needs root; --print-unit shows it): %w", err)
	}
	_, err = fmt.Fprintf(c.Out, "wrote %s; start it with:\n  systemctl daemon-reload && systemctl enable --now %s\n", path, unit.Name())
	return err
}

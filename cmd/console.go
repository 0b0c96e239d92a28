package cmd

import (
	"cmp"
	"fmt"
	"io"
	"sync"

	"github.com/musterdev/muster/internal/ui"
)

// console tells people what happens: progress, remarks and warnings.
type console struct {
	streams
	flags   *globalFlags
	env     *environment
	mode    ui.Mode // of progress
	printer ui.Printer
	warned  sync.Map // what was warned of once; operations may go on beside each other
}

func newConsole(app *App, flags *globalFlags, env *environment) *console {
	c := &console{
		streams: streams{In: app.In, Out: app.Out, Err: app.Err, Dir: app.Dir, Terminal: app.Terminal},
		flags:   flags, env: env, mode: ui.Plain,
	}
	c.printer = ui.NewPrinter(app.Err, c.mode, ui.PrinterOptions{})
	return c
}

// inform prints a remark: to standard output if COMPOSE_STATUS_STDOUT asks for it.
func (c *console) inform(text string) {
	if c.env.isTrue("COMPOSE_STATUS_STDOUT") {
		c.printer.Around(func() { _ = ui.PrintLine(c.Out, text) }) // whoever reads may be gone
		return
	}
	c.printer.Info(text)
}

// warnOnce warns unless it was said already.
func (c *console) warnOnce(text string) {
	if _, said := c.warned.LoadOrStore(text, true); !said {
		c.printer.Warn(text)
	}
}

func (c *console) errorStyle() ui.ErrorStyle {
	return ui.ErrorStyle{JSON: c.mode == ui.JSON, Color: c.color(c.Terminal.Err)}
}

// color reports whether a stream gets colours.
func (c *console) color(terminal bool) bool {
	switch c.ansi() {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal && c.env.get("NO_COLOR") == ""
}

// ansi is never, always or auto.
func (c *console) ansi() string {
	if c.flags.noANSI {
		return "never"
	}
	return cmp.Or(c.flags.ansi, c.env.get("COMPOSE_ANSI"), "auto")
}

// chooseProgress decides how progress is shown.
func (c *console) chooseProgress() error {
	if c.flags.noANSI && c.flags.ansi != "" {
		return fmt.Errorf("cannot specify --no-ansi and --ansi at the same time")
	}
	ansi := c.ansi()
	if ansi != "auto" && ansi != "never" && ansi != "always" {
		return fmt.Errorf("unsupported --ansi value %q: use never, always or auto", ansi)
	}
	wanted := cmp.Or(c.flags.progress, c.env.get("COMPOSE_PROGRESS"), "auto")
	switch wanted {
	case "auto":
		c.mode = ui.Plain
		if ansi != "never" && c.Terminal.Err && c.env.get("TERM") != "dumb" {
			c.mode = ui.TTY
		}
	case "tty":
		if ansi == "never" {
			return fmt.Errorf("can't use --progress tty while ANSI support is disabled")
		}
		c.mode = ui.TTY
	case "plain":
		if c.flags.progress == "plain" && ansi == "always" {
			return fmt.Errorf("can't use --progress plain while ANSI support is forced")
		}
		c.mode = ui.Plain
	case "json":
		c.mode = ui.JSON
	case "quiet", "none":
		c.mode = ui.Quiet
	default:
		return fmt.Errorf("unsupported --progress value %q", wanted)
	}
	c.usePrinter(ui.PrinterOptions{})
	return nil
}

// quiet shows nothing but errors and warnings from now on.
func (c *console) quiet() {
	c.mode = ui.Quiet
	c.usePrinter(ui.PrinterOptions{})
}

// usePrinter replaces the printer, before anything was printed with it.
func (c *console) usePrinter(opt ui.PrinterOptions) {
	opt.Color, opt.Screen = c.color(c.Terminal.Err), c.Terminal.Screen
	opt.DryRun = c.flags.dryRun
	c.printer = ui.NewPrinter(c.Err, c.mode, opt)
}

// containerLogs prints what containers say to the command's streams, beside the
// progress.
func (c *console) containerLogs(projectName string) *ui.Logs {
	return ui.NewLogs(aroundWriter{c.printer, c.Out}, aroundWriter{c.printer, c.Err}, ui.LogStyle{
		Project: projectName,
		Color:   c.color(c.Terminal.Out), Terminal: c.Terminal.Out,
	})
}

// aroundWriter writes without disturbing the view of progress.
type aroundWriter struct {
	printer ui.Printer
	w       io.Writer
}

func (w aroundWriter) Write(p []byte) (n int, err error) {
	w.printer.Around(func() { n, err = w.w.Write(p) })
	return n, err
}

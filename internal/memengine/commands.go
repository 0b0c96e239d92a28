package memengine

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/musterdev/muster/internal/memengine/shell"
)

// Busybox are the commands of an image that holds busybox, as far as they are
// known here: Image.Programs of a stand-in for one.
func Busybox() []string { return append(shell.Commands(), "hostname", "kill", "nslookup", "ping") }

// has reports whether the container's image has the command.
func (c *container) has(command string) bool {
	return c.programs == nil || slices.Contains(c.programs, path.Base(command))
}

// interpretable reports whether it is known what the command that the container
// runs does; anything else runs until it is stopped.
func (c *container) interpretable() bool { return slices.Contains(Busybox(), path.Base(c.command[0])) }

// Run does the commands that are about the container, not about the process. One
// that nobody knows does nothing and succeeds, as far as the image has it.
func (p *process) Run(name string, args []string, to shell.Output) (code int, known bool) {
	switch path.Base(name) {
	case "hostname":
		to(false, p.c.id[:12]+"\n")
	case "kill":
		p.c.kill(args)
	case "nslookup", "ping":
		code = p.c.resolve(args, to)
	default:
		return 0, p.c.has(name)
	}
	return code, true
}

// kill is the command kill [-SIGNAL] 1: the container's process gets the signal.
func (c *container) kill(args []string) {
	sig := "TERM"
	for _, a := range args {
		if s, ok := strings.CutPrefix(a, "-"); ok {
			sig = signalName(s)
		}
	}
	if p := c.process; p != nil {
		p.After(0, func() { p.signal(sig) })
	}
}

// resolve looks a name up as the engine's DNS does: another running container
// on a shared network that has the name or an alias.
func (c *container) resolve(args []string, to shell.Output) int {
	name := ""
	for i, a := range args {
		if !strings.HasPrefix(a, "-") && (i == 0 || !strings.HasPrefix(args[i-1], "-")) {
			name = a
			break
		}
	}
	for _, o := range c.engine.sorted() {
		for _, network := range slices.Sorted(maps.Keys(o.endpoints)) {
			ep := o.endpoints[network]
			if mine := c.endpoints[network]; mine == nil || !o.alive() || mine.networkID != ep.networkID {
				continue
			}
			if o.name == name || slices.Contains(ep.aliases, name) {
				to(false, name+" "+ep.address+"\n")
				return 0
			}
		}
	}
	to(true, "bad address '"+name+"'\n")
	return 1
}

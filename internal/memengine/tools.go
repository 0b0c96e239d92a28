package memengine

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// exec runs one command with its arguments. A command that nobody knows does
// nothing and succeeds, as far as the image has it.
func (sh *shell) exec(argv []string, write func(stderr bool, text string), next func(int)) {
	c := sh.p.c
	name := argv[0][strings.LastIndexByte(argv[0], '/')+1:]
	args := argv[1:]
	if strings.Contains(argv[0], "=") { // an assignment
		next(0)
		return
	}
	if sh.control(name, args, write, next) {
		return
	}
	if code, ok := c.tool(name, args, write); ok {
		next(code)
		return
	}
	if !c.has(argv[0]) {
		write(true, "sh: "+argv[0]+": not found\n")
		next(127)
		return
	}
	next(0)
}

// control does the commands that steer the script or take time.
func (sh *shell) control(name string, args []string, write func(bool, string), next func(int)) bool {
	switch name {
	case "exit":
		code := 0
		if len(args) > 0 {
			code, _ = strconv.Atoi(args[0])
		}
		sh.p.finish(code & 0xff)
	case "sleep":
		d := time.Duration(0)
		if len(args) > 0 {
			d = sleepTime(args[0])
		}
		sh.p.after(d, func() {
			sh.depth = 0
			next(0)
		})
	case "cat":
		if len(args) > 0 {
			return false
		}
		if sh.p.stdin != nil {
			sh.p.stdin.copy(func(data []byte, ended bool) {
				if len(data) > 0 {
					write(false, string(data))
				}
				if ended {
					next(0)
				}
			})
		}
	case "wait", "tail":
		// Nothing to wait for ever comes.
	case "env":
		env := slices.Clone(sh.p.env)
		sort.Strings(env)
		write(false, strings.Join(append(env, ""), "\n"))
		next(0)
	case "pwd":
		write(false, cmp.Or(sh.p.dir, "/")+"\n")
		next(0)
	case "id":
		write(false, cmp.Or(sh.p.user, "0")+"\n") // as with -u
		next(0)
	case "exec":
		if len(args) == 0 {
			next(0)
			return true
		}
		sh.exec(args, sh.write, sh.p.finish)
	case "trap":
		if len(args) >= 2 {
			for _, sig := range args[1:] {
				sh.p.traps[signalName(sig)] = args[0]
			}
		}
		next(0)
	case "sh", "ash", "bash":
		if len(args) >= 2 && args[0] == "-c" {
			sh.p.shell(args[1], sh.p.env, next)
			return true
		}
		sh.fromInput(next)
	case "kill":
		sh.p.c.killByTool(args)
		next(0)
	default:
		return false
	}
	return true
}

// fromInput runs the script that the standard input holds once it has ended.
func (sh *shell) fromInput(next func(int)) {
	if sh.p.stdin == nil {
		next(0)
		return
	}
	script := ""
	sh.p.stdin.copy(func(data []byte, ended bool) {
		if script += string(data); ended {
			sh.p.shell(script, sh.p.env, next)
		}
	})
}

// killByTool is kill [-SIGNAL] 1: the container's process gets the signal.
func (c *container) killByTool(args []string) {
	sig := "TERM"
	for _, a := range args {
		if s, ok := strings.CutPrefix(a, "-"); ok {
			sig = signalName(s)
		}
	}
	if p := c.process; p != nil {
		p.after(0, func() { p.signal(sig) })
	}
}

func sleepTime(s string) time.Duration {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return time.Duration(n * float64(time.Second))
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d
	}
	return 1 << 62 // infinity
}

// tool does the commands that end at once.
func (c *container) tool(name string, args []string, write func(bool, string)) (code int, known bool) {
	switch name {
	case ":", "true":
		return 0, true
	case "false":
		return 1, true
	case "echo":
		end := "\n"
		if len(args) > 0 && args[0] == "-n" {
			end, args = "", args[1:]
		}
		write(false, strings.Join(args, " ")+end)
		return 0, true
	case "printf":
		write(false, printf(args))
		return 0, true
	case "hostname":
		write(false, c.id[:12]+"\n")
		return 0, true
	case "test", "[":
		return c.test(args), true
	case "ping", "nslookup":
		return c.resolve(args, write), true
	}
	return c.fileTool(name, args, write)
}

// printf knows the escapes \n, \t and \\, and %s.
func printf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	s := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(args[0])
	for _, a := range args[1:] {
		s = strings.Replace(s, "%s", a, 1)
	}
	return s
}

// test is the command of that name for files and strings.
func (c *container) test(args []string) int {
	if n := len(args); n > 0 && args[n-1] == "]" {
		args = args[:n-1]
	}
	ok := false
	switch {
	case len(args) > 0 && args[0] == "!":
		return 1 - c.test(args[1:])
	case len(args) == 2 && args[0] == "-d":
		f := c.tree(args[1])["."]
		ok = f != nil && f.folder
	case len(args) == 2 && (args[0] == "-f" || args[0] == "-e"):
		f := c.lookup(args[1])
		ok = f != nil && (args[0] == "-e" || !f.folder)
	case len(args) == 2 && args[0] == "-s":
		f := c.lookup(args[1])
		ok = f != nil && len(f.content) > 0
	case len(args) == 2 && args[0] == "-n":
		ok = args[1] != ""
	case len(args) == 2 && args[0] == "-z":
		ok = args[1] == ""
	case len(args) == 3 && (args[1] == "=" || args[1] == "=="):
		ok = args[0] == args[2]
	case len(args) == 3 && args[1] == "!=":
		ok = args[0] != args[2]
	case len(args) == 1:
		ok = args[0] != ""
	}
	if ok {
		return 0
	}
	return 1
}

// resolve looks a name up as the engine's DNS does: another running container
// on a shared network that has the name or an alias.
func (c *container) resolve(args []string, write func(bool, string)) int {
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
				write(false, name+" "+ep.address+"\n")
				return 0
			}
		}
	}
	write(true, "bad address '"+name+"'\n")
	return 1
}

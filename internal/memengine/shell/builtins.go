package shell

import (
	"cmp"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// exec runs one command with its arguments.
func (sh *script) exec(argv []string, to Output, next func(int)) {
	name, args := path.Base(argv[0]), argv[1:]
	if strings.Contains(argv[0], "=") { // an assignment
		next(0)
		return
	}
	if sh.control(name, args, to, next) {
		return
	}
	if code, ok := sh.tool(name, args, to); ok {
		next(code)
		return
	}
	code, known := sh.Process.Run(argv[0], args, to)
	if !known {
		to(true, "sh: "+argv[0]+": not found\n")
		code = 127
	}
	next(code)
}

// control does the commands that steer the script or take time.
func (sh *script) control(name string, args []string, to Output, next func(int)) bool {
	switch name {
	case "exit":
		code := 0
		if len(args) > 0 {
			code, _ = strconv.Atoi(args[0])
		}
		sh.Process.Exit(code & 0xff)
	case "sleep":
		d := time.Duration(0)
		if len(args) > 0 {
			d = sleepTime(args[0])
		}
		sh.Process.After(d, func() {
			sh.rounds = 0
			next(0)
		})
	case "cat":
		if len(args) > 0 {
			return false
		}
		if sh.Input != nil {
			sh.Input(func(data []byte, ended bool) {
				if len(data) > 0 {
					to(false, string(data))
				}
				if ended {
					next(0)
				}
			})
		}
	case "wait", "tail":
		// Nothing to wait for ever comes.
	case "env":
		env := slices.Clone(sh.Env)
		sort.Strings(env)
		to(false, strings.Join(append(env, ""), "\n"))
		next(0)
	case "pwd":
		to(false, cmp.Or(sh.Dir, "/")+"\n")
		next(0)
	case "id":
		to(false, cmp.Or(sh.User, "0")+"\n") // as with -u
		next(0)
	case "exec":
		if len(args) == 0 {
			next(0)
			return true
		}
		sh.exec(args, sh.Output, sh.Process.Exit)
	case "trap":
		if len(args) >= 2 {
			for _, sig := range args[1:] {
				sh.Process.Trap(sig, args[0])
			}
		}
		next(0)
	case "sh", "ash", "bash":
		if len(args) >= 2 && args[0] == "-c" {
			sh.Script(args[1], next)
			return true
		}
		sh.fromInput(next)
	default:
		return false
	}
	return true
}

// fromInput runs the script that the standard input holds once it has ended.
func (sh *script) fromInput(next func(int)) {
	if sh.Input == nil {
		next(0)
		return
	}
	text := ""
	sh.Input(func(data []byte, ended bool) {
		if text += string(data); ended {
			sh.Script(text, next)
		}
	})
}

// sleepTime is how long sleep takes: seconds, or with a unit; anything else, such
// as infinity, is for good.
func sleepTime(s string) time.Duration {
	const forGood = 1 << 62
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if n *= float64(time.Second); n < forGood {
			return time.Duration(n)
		}
		return forGood
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d
	}
	return forGood
}

// tool does the commands that end at once.
func (sh *Shell) tool(name string, args []string, to Output) (code int, known bool) {
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
		to(false, strings.Join(args, " ")+end)
		return 0, true
	case "printf":
		to(false, printf(args))
		return 0, true
	case "test", "[":
		return sh.test(args), true
	}
	return sh.fileTool(name, args, to)
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
func (sh *Shell) test(args []string) int {
	if n := len(args); n > 0 && args[n-1] == "]" {
		args = args[:n-1]
	}
	ok := false
	switch {
	case len(args) > 0 && args[0] == "!":
		return 1 - sh.test(args[1:])
	case len(args) == 2 && args[0] == "-d":
		ok = sh.Files.IsFolder(args[1])
	case len(args) == 2 && args[0] == "-e":
		ok = sh.Files.Exists(args[1])
	case len(args) == 2 && args[0] == "-f":
		_, ok = sh.Files.Read(args[1])
	case len(args) == 2 && args[0] == "-s":
		content, _ := sh.Files.Read(args[1])
		ok = len(content) > 0
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

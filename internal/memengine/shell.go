package memengine

import (
	"fmt"
	"strings"
)

// A script is a list of statements. They run in continuation-passing style, so
// that a sleeping script is a timer and no goroutine: next receives the exit code.
type statement interface {
	run(sh *shell, next func(code int))
}

// shell is where statements run.
type shell struct {
	p     *process
	write func(stderr bool, text string)
	depth int // of loops that have not slept, to refuse those that never do
}

type (
	sequence  []statement
	condition struct { // left && right, left || right
		left, right statement
		and         bool
	}
	loop struct {
		test, body statement
		until      bool
	}
	branch struct{ test, then, otherwise statement }
	simple struct {
		words []string
		to    redirect
	}
)

// redirect says where output goes.
type redirect struct {
	file   string // standard output into this file
	append bool
	stderr bool // standard output to standard error
	quiet  bool // standard error is dropped
}

func (s sequence) run(sh *shell, next func(int)) { s.from(0, 0, sh, next) }

func (s sequence) from(i, code int, sh *shell, next func(int)) {
	if i == len(s) {
		next(code)
		return
	}
	s[i].run(sh, func(code int) { s.from(i+1, code, sh, next) })
}

func (c condition) run(sh *shell, next func(int)) {
	c.left.run(sh, func(code int) {
		if (code == 0) == c.and {
			c.right.run(sh, next)
			return
		}
		next(code)
	})
}

func (l loop) run(sh *shell, next func(int)) {
	if sh.depth++; sh.depth > 1000 {
		sh.write(true, "sh: loop without sleep\n")
		sh.p.finish(2)
		return
	}
	l.test.run(sh, func(code int) {
		if (code == 0) == l.until {
			next(0)
			return
		}
		l.body.run(sh, func(int) { l.run(sh, next) })
	})
}

func (b branch) run(sh *shell, next func(int)) {
	b.test.run(sh, func(code int) {
		switch {
		case code == 0:
			b.then.run(sh, next)
		case b.otherwise != nil:
			b.otherwise.run(sh, next)
		default:
			next(0)
		}
	})
}

func (s simple) run(sh *shell, next func(int)) {
	write := sh.write
	switch {
	case s.to.file == "/dev/null":
		write = func(bool, string) {}
	case s.to.file != "":
		var content []byte
		if f := sh.p.c.lookup(s.to.file); f != nil && s.to.append {
			content = f.content
		}
		if err := sh.p.c.store(s.to.file, &file{content: content, mode: 0o644}); err != nil {
			sh.write(true, "sh: "+err.Error()+"\n")
			next(1)
			return
		}
		write = func(stderr bool, text string) {
			if stderr {
				sh.write(true, text)
				return
			}
			f := sh.p.c.lookup(s.to.file)
			f.content = append(f.content, text...)
		}
	case s.to.stderr:
		write = func(_ bool, text string) { sh.write(true, text) }
	}
	if s.to.quiet {
		loud := write
		write = func(stderr bool, text string) {
			if !stderr {
				loud(false, text)
			}
		}
	}
	sh.exec(s.words, write, next)
}

// shell interprets a script and calls next with its exit code.
func (p *process) shell(script string, env []string, next func(int)) {
	st, err := parse(script, env)
	if err != nil {
		p.write(true, fmt.Sprintf("sh: %v\n", err))
		next(2)
		return
	}
	st.run(&shell{p: p, write: p.write}, next)
}

// command interprets an argument vector.
func (p *process) command(argv, env []string, next func(int)) {
	sh := &shell{p: p, write: p.write}
	p.env = env
	if len(argv) >= 3 && isShell(argv[0]) && argv[1] == "-c" {
		p.shell(argv[2], env, next)
		return
	}
	sh.exec(argv, p.write, next)
}

func isShell(name string) bool {
	switch name[strings.LastIndexByte(name, '/')+1:] {
	case "sh", "ash", "bash":
		return true
	}
	return false
}

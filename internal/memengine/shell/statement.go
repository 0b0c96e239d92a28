package shell

// A script is a list of statements. They run in continuation-passing style, so
// that a sleeping script is a timer and no goroutine: next receives the exit code.
type statement interface {
	run(sh *script, next func(code int))
}

// script is one run of a script.
type script struct {
	*Shell
	rounds int // of loops since it last slept, to refuse those that never do
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

func (s sequence) run(sh *script, next func(int)) { s.from(0, 0, sh, next) }

func (s sequence) from(i, code int, sh *script, next func(int)) {
	if i == len(s) {
		next(code)
		return
	}
	s[i].run(sh, func(code int) { s.from(i+1, code, sh, next) })
}

func (c condition) run(sh *script, next func(int)) {
	c.left.run(sh, func(code int) {
		if (code == 0) == c.and {
			c.right.run(sh, next)
			return
		}
		next(code)
	})
}

func (l loop) run(sh *script, next func(int)) {
	if sh.rounds++; sh.rounds > 1000 {
		sh.Output(true, "sh: loop without sleep\n")
		sh.Process.Exit(2)
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

func (b branch) run(sh *script, next func(int)) {
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

func (s simple) run(sh *script, next func(int)) {
	to, err := s.to.open(sh.Shell)
	if err != nil {
		sh.Output(true, "sh: "+err.Error()+"\n")
		next(1)
		return
	}
	sh.exec(s.words, to, next)
}

// open is where a command writes.
func (r redirect) open(sh *Shell) (Output, error) {
	to := sh.Output
	switch {
	case r.file == "/dev/null":
		to = func(bool, string) {}
	case r.file != "":
		var err error
		if to, err = r.intoFile(sh); err != nil {
			return nil, err
		}
	case r.stderr:
		to = func(_ bool, text string) { sh.Output(true, text) }
	}
	if r.quiet {
		loud := to
		to = func(stderr bool, text string) {
			if !stderr {
				loud(false, text)
			}
		}
	}
	return to, nil
}

func (r redirect) intoFile(sh *Shell) (Output, error) {
	var content []byte
	if r.append {
		content, _ = sh.Files.Read(r.file)
	}
	if err := sh.Files.Write(r.file, content); err != nil {
		return nil, err
	}
	return func(stderr bool, text string) {
		if stderr {
			sh.Output(true, text)
			return
		}
		sh.Files.Append(r.file, text)
	}, nil
}

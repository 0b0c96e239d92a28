package restartpolicy

import "slices"

// observe folds what is new in the input into its history: exits, starts and
// turns of health that no earlier decision has seen. Observing the same twice
// changes nothing the second time, which makes Decide idempotent.
func (in *Input) observe() {
	c, h := in.Container, &in.History
	if !h.known {
		in.firstSight()
	}
	// An exit and a start may both be new. Which was first, the state tells: what is
	// up has started since, what is down has exited since. The timestamps do not: the
	// engine notes a start when it hears that it succeeded, and a process that ends
	// within a millisecond has exited by then.
	if c.State == Running || c.State == Paused {
		in.observeExit()
		in.observeStart()
	} else {
		in.observeStart()
		in.observeExit()
	}
	in.observeHealth()
	h.restartCount = c.RestartCount
}

// firstSight sets what is already past when a container is first observed. An
// exit it has come back from is no news; one in which the engine waits to restart
// it is the last of several.
func (in *Input) firstSight() {
	c, h := in.Container, &in.History
	h.known = true
	h.startedAt = instant(c.StartedAt)
	h.restartCount = c.RestartCount
	h.seen = in.Now
	switch c.State {
	case Running, Paused:
		h.exit = in.exitKey()
		h.runWell(in.Now)
	case Restarting:
		h.exit = in.exitKey()
		h.score, h.failedAt = float64(min(c.RestartCount, int(CrashLoopScore))), in.Now
	}
}

func (in *Input) exitKey() exitKey {
	return exitKey{at: instant(in.Container.Exit.At), startError: in.Container.StartError}
}

// observeStart takes note of a new run. One that was planned is ours, one that the
// engine has counted is its own, and any other was deliberate: then the policy's
// bound and the backoff start over, as they do in the engine.
func (in *Input) observeStart() {
	c, h := in.Container, &in.History
	started := instant(c.StartedAt)
	if started.Equal(h.startedAt) {
		return
	}
	ours := h.planned != Leave
	// The engine raises its count when it decides to restart, before the run begins.
	engines := in.Owner == Engine && c.RestartCount > 0 && c.RestartCount >= h.restartCount
	if !ours && !engines {
		h.forgive()
	}
	h.trying, h.counted, h.lapsed = ours && h.counted, false, false
	h.startedAt = started
	h.runWell(in.Now)
	h.planned, h.refused = Leave, ""
	if c.StartError == "" {
		h.startErrors = 0
	}
	h.sick = false
}

// observeExit counts a new exit if it is a failure under the policy.
func (in *Input) observeExit() {
	c, h := in.Container, &in.History
	key := in.exitKey()
	if key == h.exit {
		return
	}
	again := h.exit.again && c.State != Running
	news := key.at != h.exit.at || key.startError != "" || again
	h.exit = key
	if !news {
		return // an error was cleared by a start, nothing else
	}
	h.seen = in.Now
	requested := c.Exit.Requested && c.StartError == ""
	if requested && h.planned == Restart && in.Now >= h.due {
		return // our own restart is under way: this exit is a part of it
	}
	h.withdraw()
	h.planned, h.refused = Leave, ""
	switch {
	case requested, in.Intent == UserStop, in.Intent == OpStop:
		h.forgive()
		return
	case !in.failed():
		h.trying = false // it did what it was started for
		return
	case c.StartError == "":
		h.judge(in.Policy, c.Exit.Ran)
	}
	restarts := 1
	if in.Owner == Engine {
		restarts = max(1, c.RestartCount-h.restartCount) // some may have gone unseen
	}
	h.fail(*in, restarts)
	switch {
	case c.StartError == "":
		h.startErrors = 0
	case ClassifyStartError(c.StartError) == Permanent:
		h.startErrors++
	}
}

// failed reports whether the last exit is one after which the policy wants a
// restart. A failed start is one whatever the exit code says.
func (in *Input) failed() bool {
	c := in.Container
	switch {
	case !in.Policy.Restarts():
		return false
	case c.StartError != "":
		return true
	case in.Policy.Mode == OnFailure:
		return c.Exit.Code != 0
	}
	return true
}

// observeHealth counts a run that turned unhealthy as a failure, once; a run that
// healed before its restart was due is not restarted.
func (in *Input) observeHealth() {
	c, h := in.Container, &in.History
	switch {
	case c.State != Running:
	case !in.unhealthy():
		if h.sick {
			h.withdraw()
			if h.lapsed { // it did not fail after all
				h.failed, h.trying, h.lapsed = h.failed-1, true, false
			}
			h.runWell(in.Now)
		}
		h.sick = false
	case !h.sick && !in.hostSick():
		h.sick = true
		h.judge(in.Policy, in.Now-h.fadedTo)
		h.fail(*in, 1)
		h.due = max(h.due, in.Now+in.Settle)
	}
}

// unhealthy reports whether the container runs, is unhealthy beyond its start
// period, and the options and the policy want something done about it.
func (in *Input) unhealthy() bool {
	c := in.Container
	act := in.Options.OnUnhealthy == RestartUnhealthy || in.Options.OnUnhealthy == StopUnhealthy
	return act && in.Policy.Restarts() && c.State == Running && c.Health.Verdict == "unhealthy" && !c.Health.InStartPeriod
}

// hostSick reports whether the probes rather than the container seem to fail:
// many containers turned unhealthy together, or no recent probe could even be run.
func (in *Input) hostSick() bool {
	codes := in.Container.Health.LastCodes
	ran := slices.ContainsFunc(codes, func(code int) bool { return code != -1 })
	return in.ProbesSuspended || len(codes) > 0 && !ran
}

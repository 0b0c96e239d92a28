package memengine

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// container is one container: what it was created with and where it stands.
type container struct {
	engine *core
	serial int

	id, name   string
	labels     map[string]string
	service    string
	image      string
	imageID    string
	command    []string
	env        []string
	created    time.Time
	policy     string
	stopSignal string // as configured; empty is the engine's default, TERM
	grace      time.Duration
	autoRemove bool
	tty        bool
	readOnly   bool
	init       bool
	joins      []string // IDs of containers whose namespaces it shares
	netMode    string
	check      *engine.HealthCheck
	imageVols  []string
	programs   []string // commands of its image; nil is any
	logDriver  string
	mounts     []mount
	ports      []engine.Port
	endpoints  map[string]*endpoint // by network name
	files      map[string]*file     // of its own layer

	user, dir string
	stdin     *input    // kept open for who attaches; nil if it is closed
	attached  []*dialog // of the process, or of the one that is started next

	state      engine.State
	startedAt  time.Time
	upStamp    time.Time // startedAt as the engine tells it; see stamp
	finishedAt time.Time
	exitCode   int
	err        string
	oom        bool
	pid        int
	restarts   int
	starts     int // how often it came up
	attempts   int // how often somebody tried
	manual     bool
	manager    *manager
	health     health
	process    *process
	killer     *time.Timer // ends the grace period of a stop
	atExit     []func()    // run once the process is gone, in order
	logs       []entry
	runLogs    map[int]int // where the log of each run ends, once the next has begun
}

type mount struct {
	engine.Mount
	anonymous bool // made with this container
}

type endpoint struct {
	networkID string // empty until a start resolves the name
	aliases   []string
	address   string
}

type file struct {
	content  []byte
	mode     uint32
	uid, gid int
	folder   bool
}

func (c *container) ref() engine.Ref { return engine.Ref{ID: c.id, Name: c.name} }

// up reports what the real engine calls Running: also paused and restarting.
func (c *container) up() bool {
	return c.state == engine.Running || c.state == engine.Paused || c.state == engine.Restarting
}

// alive reports whether a process exists.
func (c *container) alive() bool {
	return c.state == engine.Running || c.state == engine.Paused
}

// observed is the container as a list tells it.
func (c *container) observed() engine.Container {
	number, _ := strconv.Atoi(c.labels[project.LabelContainerNumber]) // one-offs have none
	o := engine.Container{
		Ref:     c.ref(),
		Project: c.labels[project.LabelProject],
		Service: c.labels[project.LabelService],
		Number:  number,
		OneOff:  strings.EqualFold(c.labels[project.LabelOneOff], "true"),
		Labels:  maps.Clone(c.labels),
		Image:   c.image,
		ImageID: c.imageID,
		Command: strings.Join(c.command, " "),
		State:   c.state,
		Status:  c.status(),
		Health:  c.health.status,
		Created: c.created,
		Ports:   slices.Clone(c.ports),
	}
	if c.state == engine.Exited || c.state == engine.Dead || c.state == engine.Restarting {
		o.ExitCode = c.exitCode
	}
	if !c.alive() {
		o.Health = engine.HealthNone // lists show no verdict on what is not up
	}
	for _, name := range slices.Sorted(maps.Keys(c.endpoints)) {
		ep := c.endpoints[name]
		o.Networks = append(o.Networks, engine.Attachment{Network: name, NetworkID: ep.networkID, Address: ep.address})
	}
	for _, m := range c.mounts {
		o.Mounts = append(o.Mounts, m.Mount)
	}
	slices.SortFunc(o.Mounts, func(a, b engine.Mount) int { return strings.Compare(a.Target, b.Target) })
	return o
}

func (c *container) status() string {
	switch c.state {
	case engine.Running:
		s := "Up " + rough(time.Since(c.startedAt))
		switch c.health.status {
		case engine.HealthStarting:
			s += " (health: starting)"
		case engine.HealthHealthy, engine.HealthUnhealthy:
			s += " (" + string(c.health.status) + ")"
		}
		return s
	case engine.Paused:
		return "Up " + rough(time.Since(c.startedAt)) + " (Paused)"
	case engine.Restarting:
		return fmt.Sprintf("Restarting (%d) %s ago", c.exitCode, rough(time.Since(c.finishedAt)))
	case engine.Exited:
		return fmt.Sprintf("Exited (%d) %s ago", c.exitCode, rough(time.Since(c.finishedAt)))
	case engine.Dead:
		return "Dead"
	case engine.Removing:
		return "Removal In Progress"
	}
	return "Created"
}

// rough is a duration as the engine's status texts give it.
func rough(d time.Duration) string {
	switch {
	case d < time.Second:
		return "Less than a second"
	case d < 2*time.Second:
		return "1 second"
	case d < time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Minute:
		return "About a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 2*time.Hour:
		return "About an hour"
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// inspected is the container as an inspect call tells it.
func (c *container) inspected() engine.Inspection {
	o := engine.Inspection{
		Container:     c.observed(),
		StartedAt:     c.upStamp,
		FinishedAt:    c.finishedAt,
		Error:         c.err,
		OOMKilled:     c.oom,
		RestartCount:  c.restarts,
		RestartPolicy: c.policy,
		AutoRemove:    c.autoRemove,
		Pid:           c.pid,
		TTY:           c.tty,
		StopSignal:    c.stopSignal,
		StopTimeout:   c.grace,
		LogDriver:     c.logDriver,
		HealthLog:     slices.Clone(c.health.log),
		FailingStreak: c.health.streak,
		ImageVolumes:  slices.Clone(c.imageVols),
		NetworkMode:   c.netMode,
		Environment:   slices.Clone(c.env),
	}
	o.ExitCode = c.exitCode
	o.Health = c.health.status // stale verdicts stay visible
	if c.check != nil {
		check := *c.check
		o.HealthCheck = &check
	}
	return o
}

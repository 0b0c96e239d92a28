// Package metrics turns a supervisor's records into Prometheus metrics and
// serves them, with the supervisor's status, on a unix socket that only its
// owner, or whoever may use the engine, can open, or on a loopback address. It serves reads only and nothing
// that a container's environment holds.
package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/restartpolicy"
)

// Metrics counts what a supervisor records. Its methods are safe for
// concurrent use.
type Metrics struct {
	registry  *prometheus.Registry
	restarts  *prometheus.CounterVec
	failures  *prometheus.CounterVec
	exits     *prometheus.CounterVec
	health    *prometheus.CounterVec
	loops     *prometheus.CounterVec
	decisions *prometheus.CounterVec
	gaps      prometheus.Counter
	up        prometheus.Gauge
}

// New returns metrics for one project with every count at zero.
func New(project string) *Metrics {
	labels := prometheus.Labels{"project": project}
	vec := func(name, help string, by ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, by)
	}
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		restarts:  vec("muster_restarts_total", "Starts and restarts made by the supervisor.", "service"),
		failures:  vec("muster_restart_failures_total", "Starts and restarts that the engine refused.", "service"),
		exits:     vec("muster_exits_total", "Exits of containers by exit code.", "service", "code"),
		health:    vec("muster_health_changes_total", "Changes of the engine's health verdict.", "service", "health"),
		loops:     vec("muster_crash_loops_total", "Crash loops that were noticed.", "service"),
		decisions: vec("muster_decisions_total", "Decisions by action and reason.", "action", "reason"),
		gaps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "muster_event_stream_gaps_total", Help: "Times the engine's event stream broke.", ConstLabels: labels,
		}),
		up: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "muster_engine_up", Help: "Whether the engine answers.", ConstLabels: labels,
		}),
	}
	m.up.Set(1)
	m.registry.MustRegister(m.restarts, m.failures, m.exits, m.health, m.loops, m.decisions, m.gaps, m.up,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) // of the supervisor itself
	return m
}

// Record counts one record.
func (m *Metrics) Record(r supervise.Record) {
	switch r.Kind {
	case supervise.RecordDecision:
		m.decisions.WithLabelValues(r.Decision.Action.String(), string(r.Decision.Reason)).Inc()
	case supervise.RecordAction:
		m.action(r)
	case supervise.RecordExit:
		m.exits.WithLabelValues(r.Service, strconv.Itoa(r.ExitCode)).Inc()
	case supervise.RecordHealth:
		m.health.WithLabelValues(r.Service, string(r.Health)).Inc()
	case supervise.RecordGap:
		m.gaps.Inc()
	case supervise.RecordEngine:
		up := 1.0
		if r.Err != nil {
			up = 0
		}
		m.up.Set(up)
	}
	if r.Alert == supervise.AlertCrashLoop {
		m.loops.WithLabelValues(r.Service).Inc()
	}
}

func (m *Metrics) action(r supervise.Record) {
	switch {
	case r.Action != restartpolicy.Start && r.Action != restartpolicy.Restart:
	case r.Err != nil:
		m.failures.WithLabelValues(r.Service).Inc()
	default:
		m.restarts.WithLabelValues(r.Service).Inc()
	}
}

// Package apply carries a plan out: it walks the steps, calls the engine, waits,
// probes for readiness, reports progress and explains failures. Only success
// releases what needs a step.
package apply

// Package feed follows a project's containers by the events of an engine: one
// subscription for everybody who waits for something. An event only means that
// it is worth looking again; what counts is what is then seen.
package feed

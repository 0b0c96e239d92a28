// Package feed follows a project's containers: one subscription to the events of
// an engine, and one list per change, for everybody who reads.
//
// A Feed subscribes, then looks; when the stream breaks it does both again. A
// Reader is told a Snapshot of what is there, then every event after it, with no
// gap: what happened before a Snapshot began is in it, what happens later is told.
// An event may tell again what a Snapshot shows already. When Lost is told, what
// follows is untold until the next Snapshot.
//
// An event only means that it is worth looking again; what counts is what is then
// seen. A Reader that wants to see asks for another Snapshot, and all that ask at
// the same time are answered with one list.
package feed

// Package up makes plans: what is observed of a project, against what its files
// declare, for up, create, scale, run, start, restart, stop, down and their like.
// Planners are pure: values in, a plan out. They go in three steps:
//
//	survey  what is declared, what was found, and which belongs to which: package
//	        survey, and the targets here
//	decide  what becomes of each container, network and volume: decide*.go gather
//	        the facts, package fate has the table
//	emit    the steps that bring it about, by handles: package emit has what all
//	        commands share, emit*.go what is special. Nothing is decided here but
//	        what waits for what
//
// up, create, scale and run see the targets; the other commands, which create
// nothing and need no file, see what exists. Observe is the look at the engine
// before.
package up

// Package up makes plans: what is observed of a project, against what its files
// declare, for up, create, scale, run, start, restart, stop, down and their like.
// Planners are pure: values in, a plan out. They go in three steps, each in files
// that bear its name:
//
//	survey  what is declared, what was found, and which belongs to which
//	decide  what becomes of each container, network and volume. A container's fate
//	        is looked up in the table of package fate; decide gathers the facts
//	emit    the steps that bring it about, by handles. Nothing is decided here but
//	        what waits for what
//
// up, create, scale and run see the targets; the other commands, which create
// nothing and need no file, see what exists. Observe is the look at the engine
// before.
package up

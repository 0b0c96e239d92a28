// Package up makes plans: what is observed of a project, against what its files
// declare, for up, create, scale, start, restart, stop, down and run. Planners
// are pure: values in, a plan out. Observe is the look at the engine before.
package up

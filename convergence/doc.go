// Package convergence is the place of the packages that bring what runs on an
// engine in line with a project. It has no code of its own. The three verbs:
//
//	plan       up.Observe looks, up.PlanUp and its siblings compare what is there
//	           with what the files declare, and yield a plan.Plan
//	apply      apply.Apply walks the plan
//	supervise  supervise.Supervise keeps it true
//
// Planners are pure: values in, a plan out. The plan is the whole story: every
// engine change, start, wait and stop is a step with its reason, so a dry run
// prints the plan and nothing else. There is no state file: labels on the
// engine's objects are the state, and whatever an interrupted run left behind is
// seen by the next observation and repaired by the next plan.
//
// The tests here are about the verbs together: golden plans, properties over
// random projects and worlds, plans applied to an engine in memory.
package convergence

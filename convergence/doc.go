// Package convergence brings what runs on an engine in line with a project:
// observe, plan, apply, supervise.
//
// Planners (PlanUp, PlanDown, …) are pure: values in, a Plan out. The plan is
// the whole story: every engine change, start, wait and stop is a Step with
// its reason, so a dry run prints the plan and nothing else. Apply walks it;
// only success releases dependents. There is no state file: labels on the
// engine's objects are the state, and whatever an interrupted run left behind
// is seen by the next observation and repaired by the next plan.
//
// The package knows no engine client: Engine is what it asks of one.
package convergence

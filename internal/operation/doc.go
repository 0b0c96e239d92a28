// Package operation is the one way from a project to an applied plan: it takes
// the project's lock, observes, asks the engine what it cannot do, plans, asks
// people, looks for what would make the plan fail half-way, and applies; what
// comes to light meanwhile makes another plan.
//
// Commands that run in the foreground and those that do not run the same
// operation. Planners are pure, so that it can begin again at any moment.
package operation

// Package creation says what the engine is asked for when something of a project
// is created: labels, configs and secrets, the containers of hooks, and what a
// container has to join.
package creation

// Package project is the desired state of a Compose project: services,
// networks, volumes, configs and secrets, resolved, sorted by name and frozen.
//
// Nothing in it mutates after New: Select and WithReplicas return copies that
// share what they do not change. It knows the names, labels and hashes that
// Docker Compose v5 puts on the engine's objects, so that either tool can take
// over the other's stack. It does no I/O and reads no environment.
package project

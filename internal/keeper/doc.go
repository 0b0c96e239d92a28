// Package keeper is a supervisor as a process: it has the right to supervise a
// project, serves its status on the project's own socket and elsewhere, sends
// alerts, and takes over the Compose file when that changes. The loop itself is
// package supervise's.
//
// It is put together of small parts: the engine, the source of the project, a
// reporter, and what takes locks.
package keeper

// Package memengine is a container engine in memory. It keeps the contract of
// internal/enginetest, as the real one does.
//
// The engine is no mock: names are unique, networks and volumes in use cannot
// be removed, ports collide when containers start, health checks run on their
// interval, restart policies back off as the real engine's do. What runs in a
// container is a Program, or the container's own command, which package shell
// runs as far as it knows it. The engine spawns no goroutine: processes, probes
// and restarts are timers of package time, so testing/synctest drives them.
//
// Its limits: no real process runs, no byte crosses a network, and limits on
// CPU and memory are not enforced.
package memengine

// Package host is what depends on the operating system of the machine that
// Muster runs on: the modes of its terminals, who listens on its ports, the
// memory of the process.
package host

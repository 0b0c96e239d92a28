package restartpolicy

import (
	"slices"
	"strings"
)

// ErrorClass says whether a failed start may succeed later without anyone changing
// the container.
type ErrorClass uint8

const (
	// Transient errors may go away: a port in use, a full disk, a busy engine.
	Transient ErrorClass = iota
	// Permanent errors stay: a missing program, file or image, a configuration
	// that the engine refuses.
	Permanent
)

// String returns "transient" or "permanent".
func (c ErrorClass) String() string {
	if c == Permanent {
		return "permanent"
	}
	return "transient"
}

// ClassifyStartError judges the engine's text about a start that failed. Engines
// give no usable code: a missing program and a full disk are both an internal
// server error. A text that is not known is Transient, so that a container is
// rather tried too often, with backoff, than left down.
func ClassifyStartError(text string) ErrorClass {
	text = strings.ToLower(text)
	for _, k := range startErrors() {
		if containsAll(text, k.parts) {
			return k.class
		}
	}
	return Transient
}

// knownError is a text known by some of its parts, in lower case, in any order.
type knownError struct {
	class ErrorClass
	parts []string
}

// startErrors lists what is known, more telling texts first: engines wrap errors,
// and quote names that people chose, so that one text may match several entries.
func startErrors() []knownError {
	return slices.Concat(programErrors(), hostErrors(), definitionErrors())
}

// programErrors are about the program to run. They come first since they quote its
// name, which may well be "timeout".
func programErrors() []knownError {
	return []knownError{
		{Permanent, []string{`exec: "`, "executable file not found"}},
		{Permanent, []string{`exec: "`, "no such file or directory"}},
		{Permanent, []string{`exec: "`, "permission denied"}},
		{Permanent, []string{`exec: "`, "is a directory"}},
		{Permanent, []string{"exec format error"}},
		{Permanent, []string{"unable to find user"}},
		{Permanent, []string{"unable to find group"}},
	}
}

// hostErrors are about what the host, another container, the network or a driver
// lacks at the moment and may still bring.
func hostErrors() []knownError {
	return []knownError{
		{Transient, []string{"no space left on device"}},
		{Transient, []string{"disk quota exceeded"}},
		{Transient, []string{"input/output error"}},
		{Transient, []string{"device or resource busy"}},
		{Transient, []string{"cannot allocate memory"}},
		{Transient, []string{"resource temporarily unavailable"}},
		{Transient, []string{"too many open files"}},
		{Transient, []string{"port is already allocated"}},
		{Transient, []string{"address already in use"}},
		{Transient, []string{"no available", "address"}},
		{Transient, []string{"network ", "not found"}},
		{Transient, []string{"cannot join network of a non running container"}},
		{Transient, []string{"no such container"}},
		{Transient, []string{"endpoint with name", "already exists"}},
		{Transient, []string{"error gathering device information"}},
		{Transient, []string{"error while mounting volume"}},
		{Transient, []string{"volume", "plugin"}},
		{Transient, []string{"connection refused"}},
		{Transient, []string{"deadline exceeded"}},
		{Transient, []string{"timed out"}},
		{Transient, []string{"timeout"}},
	}
}

// definitionErrors are about the container's own definition: nobody but its author
// can repair them.
func definitionErrors() []knownError {
	return []knownError{
		{Permanent, []string{"no such image"}},
		{Permanent, []string{"bind source path does not exist"}},
		{Permanent, []string{"error while creating mount source path"}},
		{Permanent, []string{"error mounting", "not a directory"}},
		{Permanent, []string{"error mounting", "no such file or directory"}},
		{Permanent, []string{"invalid mount"}},
		{Permanent, []string{"chdir to cwd"}},
		{Permanent, []string{"cannot mkdir", "not a directory"}},
		{Permanent, []string{"/proc/sys/", "no such file or directory"}},
		{Permanent, []string{"/proc/sys/", "invalid argument"}},
		{Permanent, []string{"error setting rlimit"}},
		{Permanent, []string{"unknown capability"}},
		{Permanent, []string{"unknown or invalid runtime"}},
		{Permanent, []string{"unknown runtime"}},
		{Permanent, []string{"could not select device driver"}},
		{Permanent, []string{"user specified ip address"}},
		{Permanent, []string{"invalid reference format"}},
	}
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

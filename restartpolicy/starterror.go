package restartpolicy

import "strings"

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

// startErrors lists what is known, in lower case, more telling texts first: the
// engine wraps errors, so that one text may match several entries.
func startErrors() []struct {
	class ErrorClass
	parts []string
} {
	type entry = struct {
		class ErrorClass
		parts []string
	}
	return []entry{
		// What the host lacks at the moment.
		{Transient, []string{"no space left on device"}},
		{Transient, []string{"port is already allocated"}},
		{Transient, []string{"address already in use"}},
		{Transient, []string{"device or resource busy"}},
		{Transient, []string{"cannot allocate memory"}},
		{Transient, []string{"resource temporarily unavailable"}},
		{Transient, []string{"too many open files"}},
		{Transient, []string{"disk quota exceeded"}},
		{Transient, []string{"input/output error"}},
		{Transient, []string{"timeout"}},
		{Transient, []string{"timed out"}},
		{Transient, []string{"deadline exceeded"}},
		{Transient, []string{"connection refused"}},
		// What another container, the network or a driver may still bring.
		{Transient, []string{"network", "not found"}},
		{Transient, []string{"cannot join", "namespace"}},
		{Transient, []string{"cannot join network"}},
		{Transient, []string{"no such container"}},
		{Transient, []string{"endpoint with name", "already exists"}},
		{Transient, []string{"error gathering device information"}},
		{Transient, []string{"volume", "plugin"}},
		{Transient, []string{"error while mounting volume"}},
		{Transient, []string{"failed to mount local volume"}},
		// What nobody but its author can repair.
		{Permanent, []string{"executable file not found"}},
		{Permanent, []string{"exec format error"}},
		{Permanent, []string{"exec:", "no such file or directory"}},
		{Permanent, []string{"exec ", "no such file or directory"}},
		{Permanent, []string{"exec", "permission denied"}},
		{Permanent, []string{"exec", "is a directory"}},
		{Permanent, []string{"no such image"}},
		{Permanent, []string{"bind source path does not exist"}},
		{Permanent, []string{"error while creating mount source path"}},
		{Permanent, []string{"error mounting", "not a directory"}},
		{Permanent, []string{"error mounting", "no such file or directory"}},
		{Permanent, []string{"are you trying to mount a directory onto a file"}},
		{Permanent, []string{"chdir to cwd"}},
		{Permanent, []string{"cannot start a container", "without a command"}},
		{Permanent, []string{"unable to find user"}},
		{Permanent, []string{"unable to find group"}},
		{Permanent, []string{"no matching entries in passwd file"}},
		{Permanent, []string{"unknown or invalid runtime"}},
		{Permanent, []string{"unknown runtime"}},
		{Permanent, []string{"could not select device driver"}},
		{Permanent, []string{"invalid mount"}},
		{Permanent, []string{"invalid reference format"}},
		{Permanent, []string{"invalid argument", "writing"}}, // a cgroup or sysctl value that the kernel refuses
		{Permanent, []string{"sysctl", "not in a separate"}},
		{Permanent, []string{"invalid capability"}},
		{Permanent, []string{"invalid spec"}},
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

package project

import "time"

// ExtensionKey is the key under which a service declares what is Muster's own.
const ExtensionKey = "x-muster"

// Extension is the x-muster section of a service.
type Extension struct {
	Ready       *Ready
	OnUnhealthy string // restart, stop or none; empty is none
	Cascade     string // always or empty: restart dependents on automatic restarts too
	CrashLoop   string // report, brake or giveup; empty is report
	Notify      *Notify
}

// Ready is a readiness check that needs no program inside the image. Exactly
// one of HTTP, TCP and Log is set.
type Ready struct {
	HTTP *ReadyHTTP
	TCP  *ReadyTCP
	Log  *ReadyLog
	// Timeout bounds one probe; zero is one second.
	Timeout time.Duration
}

// ReadyHTTP is met by a GET on the container's address that answers Status.
type ReadyHTTP struct {
	Port   int
	Path   string // "/" if empty
	Status int    // zero is any 2xx or 3xx
}

// ReadyTCP is met by an accepted connection to the container's address.
type ReadyTCP struct{ Port int }

// ReadyLog is met by a line of the container's log that matches the regular
// expression Pattern.
type ReadyLog struct{ Pattern string }

// Notify says who is told of crash loops, giving up, unhealthy and recovered
// containers.
type Notify struct {
	Command []string // executed directly, without a shell
	Webhook string   // URL that receives a JSON POST
}

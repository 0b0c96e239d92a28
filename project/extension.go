package project

import (
	"cmp"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// ExtensionKey is the key under which a service declares what is Muster's own.
const ExtensionKey = "x-muster"

// OldInitialSync is the name that Docker Compose had for initial_sync before it
// was specified.
const OldInitialSync = "x-initialSync"

// InitialSync reports whether a rule of develop.watch copies what differs when
// it begins, by either name.
func InitialSync(t types.Trigger) bool {
	return t.InitialSync || t.Extensions[OldInitialSync] == true
}

// Extension is the x-muster section of a service, or the top-level one that
// holds for all services.
type Extension struct {
	Ready       *Ready
	OnUnhealthy string // restart, stop or none; empty is none
	Cascade     string // always or empty: restart dependents on automatic restarts too
	CrashLoop   string // report, brake or giveup; empty is report
	Notify      *Notify
}

// Over is the section of a service with what it leaves out taken from the one
// for all services.
func (x Extension) Over(all Extension) Extension {
	x.OnUnhealthy = cmp.Or(x.OnUnhealthy, all.OnUnhealthy)
	x.Cascade, x.CrashLoop = cmp.Or(x.Cascade, all.Cascade), cmp.Or(x.CrashLoop, all.CrashLoop)
	x.Notify = cmp.Or(x.Notify, all.Notify)
	if x.Ready != nil && all.Ready != nil && x.Ready.Timeout == 0 {
		ready := *x.Ready
		ready.Timeout = all.Ready.Timeout
		x.Ready = &ready
	}
	return x
}

// Ready is a readiness check that needs no program inside the image.
type Ready struct {
	// Kind is http: a GET on the container's address that is answered; tcp: a
	// connection to it that is accepted; grpc: a gRPC server there that says it is
	// serving; log: a line of the container's log. It is empty if there is no check of
	// the service's own.
	Kind    string
	Port    int    // of http, tcp and grpc
	Path    string // of http; "/" if empty
	Status  int    // of http; zero is any 2xx or 3xx
	Pattern string // of log: a regular expression
	// Timeout bounds one probe; zero is one second.
	Timeout time.Duration
}

// ReadyKind is a kind of readiness check: the keys that it can say, and the one
// that it must.
type ReadyKind struct {
	Kind, Must string
	Keys       []string
}

// ReadyKinds are the kinds of readiness checks. The loader reads what they say, and
// apply has a probe for each.
func ReadyKinds() []ReadyKind {
	return []ReadyKind{
		{"http", "port", []string{"port", "path", "status"}},
		{"tcp", "port", []string{"port"}},
		{"grpc", "port", []string{"port"}},
		{"log", "pattern", []string{"pattern"}},
	}
}

// Notify says who is told of crash loops, giving up, unhealthy and recovered
// containers.
type Notify struct {
	Command []string // executed directly, without a shell
	Webhook string   // URL that receives a JSON POST
}

package engine

import (
	"strings"
	"time"

	"github.com/musterdev/muster/project"
)

// Identity says which engine it is.
type Identity struct {
	// Host is the address of the engine, as given; empty if it has none.
	Host string
	// Local reports whether it is of this machine, so that its containers' addresses
	// and ports may be this machine's.
	Local bool
	// Skew is the engine's clock minus ours, as far as it is known by now: never
	// too far ahead. Before the first answer of an engine it is zero.
	Skew time.Duration
}

// Now is the time by the engine's clock.
func (i Identity) Now() time.Time { return time.Now().Add(i.Skew) }

// Finding says that this engine cannot do what a key of a Compose file asks for.
type Finding struct {
	Pos  project.Position
	Key  []string // its path: services, web, build, shm_size
	Text string   // names the key, and what happens instead
	// Refuses means that no container can be created with it; anything else has no
	// effect, or another than written.
	Refuses bool
}

// OfBuild reports whether the key says how a service's image is built.
func (f Finding) OfBuild() bool {
	return len(f.Key) > 2 && f.Key[0] == "services" && f.Key[2] == "build"
}

// String is the finding with its place.
func (f Finding) String() string { return strings.TrimPrefix(f.Pos.String()+": ", ": ") + f.Text }

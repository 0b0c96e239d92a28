package engine

import "time"

// Phase is where a piece of work stands.
type Phase string

// The phases of a progress event.
const (
	Working Phase = "Working"
	Done    Phase = "Done"
	Warning Phase = "Warning"
	Failed  Phase = "Error"
	Skipped Phase = "Skipped" // did not run because of another step's failure
)

// Progress is one event of an operation, for people and machines. ID, Parent
// and Text follow Docker Compose: "Container demo-web-1" "Creating".
type Progress struct {
	Step    string // the step of a plan that it tells of; empty if there is none
	ID      string
	Parent  string // the image that a layer belongs to
	Service string
	Phase   Phase
	Text    string // Creating, Created, Waiting, Healthy, …
	Details string
	Current int64 // bytes
	Total   int64 // bytes
	// Waiting names what a wait is for, while it lasts.
	Waiting string
	Err     error
	At      time.Time
}

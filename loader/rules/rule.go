package rules

import (
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// Rule is a row of the table.
type Rule struct {
	ID        string
	Severity  Severity
	AppliesTo AppliesTo
	// On are the places where it is checked: services.*.ports[].target. * is any
	// key, [] any item of a list, or what stands there without one.
	On []string
	// What is wrong with what breaks it, for people.
	What string
	// Check reports what breaks it. Without one, whoever reads the files sees it.
	Check func(*At)
	// Fix is what to do about it, unless the check knows better.
	Fix string
}

// Severity is what becomes of what breaks a rule.
type Severity uint8

// The severities.
const (
	Rejected Severity = iota // it cannot be read, and is left out
	Refused                  // it can be read and shown, and nothing can be run with it
	Warned                   // it has no effect, or another one than it may seem
)

func (s Severity) String() string {
	switch s {
	case Rejected:
		return "rejected"
	case Refused:
		return "refused"
	}
	return "warned"
}

// AppliesTo is what a rule needs to see.
type AppliesTo uint8

// What rules apply to.
const (
	Document AppliesTo = iota // one document by itself
	Active                    // the merged files: of services, those that are active
	Declared                  // the merged files: of services, those of inactive profiles too
)

// Finding is something that breaks a rule.
type Finding struct {
	Rule      string
	Severity  Severity
	Of        node.Owner
	Pos       project.Position
	Path      string
	Msg, Hint string
	Node      *node.Node // the value that it is about, or nil
	With      string     // the service that it is shared with, see project.Problem
}

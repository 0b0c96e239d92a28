// Package plan is what is going to be done: a Plan of Steps, each one Action with
// its reason and what it needs first. Actions say what they are About, so that
// nobody but the walker has to tell them apart. Preflight finds what would make a
// plan fail half-way. Everything here is a value.
package plan

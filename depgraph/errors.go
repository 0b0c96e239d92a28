package depgraph

import (
	"cmp"
	"fmt"
	"strings"
)

// CycleError says that nodes need each other in a circle, so that none of them
// can come first.
type CycleError[K cmp.Ordered] struct {
	// Path is the whole circle: each node needs the next one. It starts with its
	// smallest node and ends with the same, so that one circle has one spelling.
	Path []K
}

// Error reads, for example, "dependency cycle: a → b → a".
func (e *CycleError[K]) Error() string {
	words := make([]string, len(e.Path))
	for i, k := range e.Path {
		words[i] = fmt.Sprint(k)
	}
	return "dependency cycle: " + strings.Join(words, " → ")
}

// UnknownError says that a node needs something that is not a node.
type UnknownError[K cmp.Ordered] struct {
	Node K // the node that has the need
	Need K // what it needs
}

// Error reads, for example, "web needs db, which does not exist".
func (e *UnknownError[K]) Error() string {
	return fmt.Sprintf("%v needs %v, which does not exist", e.Node, e.Need)
}

// SkippedError says that a walk never visited a node because another one failed.
type SkippedError[K cmp.Ordered] struct {
	Node K // the node that was not visited
	// Because is a node whose own visit failed, never one that was skipped itself.
	// It is the smallest failed node that Node needs, directly or not.
	Because K
}

// Error reads, for example, "web skipped because db failed".
func (e *SkippedError[K]) Error() string {
	return fmt.Sprintf("%v skipped because %v failed", e.Node, e.Because)
}

// PanicError is what Walk panics with after a visit panicked in its own
// goroutine: the value the visit panicked with, and where.
type PanicError struct {
	Value any    // the visit's panic value
	Stack []byte // the visit's stack at the panic
}

// Error gives the value and the visit's stack, which the stack of the panic in
// Walk does not show.
func (e *PanicError) Error() string {
	return fmt.Sprintf("visit panicked: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns the panic value if that is an error, else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

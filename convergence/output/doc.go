// Package output follows what a project's containers say and how they end, those
// too that come later, in the order of each container's output.
package output

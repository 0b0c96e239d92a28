// Package node has the values of Compose files that know where they stand. The
// trees that files make are merged as the files are, so that every element of a
// project can be traced to its line.
package node

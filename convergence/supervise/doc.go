// Package supervise keeps a project true once it is up: it watches, decides by
// the restart policies what is to be done, and does it, until its context ends.
package supervise

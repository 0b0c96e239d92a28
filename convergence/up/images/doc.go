// Package images decides which images a plan pulls and builds, and in which order:
// each once, those that others build on first.
package images

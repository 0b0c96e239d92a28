//go:build !unix

package watch

// nonblock has no meaning where pipes are no files.
const nonblock = 0

//go:build !linux

package cmd

// releaseStartPages does nothing: only on Linux is it known what a page holds.
func releaseStartPages() error { return nil }

//go:build !linux

package host

// ReleaseStartPages does nothing: only on Linux is it known what a page holds.
func ReleaseStartPages() error { return nil }

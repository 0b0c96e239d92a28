//go:build !linux

package docker

import "net/http"

// bulkTransport is nil: no other system has been measured.
func bulkTransport(string) http.RoundTripper { return nil }

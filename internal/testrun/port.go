package testrun

import (
	"math/rand/v2"
	"net"
	"strconv"
)

// FreePort is a port of this machine that nobody listens on. It is none of those
// that systems give to outgoing connections, which would take it before the test
// does; two runs hardly ever draw the same.
func FreePort() int {
	for {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
}

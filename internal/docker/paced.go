package docker

import (
	"io"
	"time"
)

// bulkBuffer is what is read at once of a long answer.
const bulkBuffer = 64 << 10

const (
	pace       = 300 * time.Microsecond // of a socket's buffer, which holds some hundred lines
	pacedFrom  = 128                    // reads: what is short is read at once
	pacedBelow = 32 << 10               // bytes: whoever finds more is the slower one
)

// paced reads a long log with fewer calls. The engine writes line by line; who
// reads at the same pace takes the processor from it for each of them.
type paced struct {
	r     io.Reader
	reads int
	last  int // bytes that the last read brought
}

func (p *paced) Read(b []byte) (int, error) {
	if p.reads >= pacedFrom && p.last < pacedBelow {
		time.Sleep(pace)
	}
	n, err := p.r.Read(b)
	p.reads++
	p.last = n
	return n, err
}

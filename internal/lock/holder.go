package lock

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
)

// Holder says who has a lock. The zero value is somebody unknown.
type Holder struct {
	PID     int       `json:"pid"`
	Who     string    `json:"who"` // user@host
	Op      string    `json:"op"`
	Version string    `json:"version,omitempty"`
	Created time.Time `json:"created"`
	Process string    `json:"process,omitempty"` // see thisProcess
}

// thisProcess tells this process from others that have the same number elsewhere,
// or, where the system tells when a process began, had it before.
func thisProcess() string {
	pid := os.Getpid()
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", pid, startOf(pid), machine()))
	return hex.EncodeToString(sum[:8])
}

// Self reports whether the holder is this very process.
func (h Holder) Self() bool { return h.Process == thisProcess() }

// String reads, for example, "pid 123 (muster up) since 14:03:05".
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	s := fmt.Sprintf("pid %d (%s)", h.PID, cmp.Or(h.Op, "of user "+h.Who))
	if !h.Created.IsZero() {
		s += " since " + h.Created.Local().Format(time.TimeOnly)
	}
	return s
}

// mostSaid bounds what is believed of a text in a lock file, in runes.
const mostSaid = 80

// tame makes what anybody may have written harmless to show.
func (h Holder) tame() Holder {
	h.Who, h.Op, h.Version = plain(h.Who), plain(h.Op), plain(h.Version)
	if h.PID < 0 {
		h.PID = 0
	}
	return h
}

func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > mostSaid {
		text = string(runes[:mostSaid]) + "…"
	}
	return text
}

// holder is who has the lock: whom the kernel names, where it does, and what the
// file says of it.
func (l *Lock) holder() Holder {
	h := read(l.file)
	pid, known := kernelHolder(l.file)
	if !known || pid == h.PID {
		return h
	}
	return processHolder(pid)
}

func who() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return userName() + "@" + host
}

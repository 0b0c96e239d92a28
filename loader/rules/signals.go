package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/loader/hint"
)

// realTime are the signals without names of their own, as engines write them.
var realTime = regexp.MustCompile(`^RTM(IN(\+([1-9]|1[0-5]))?|AX(-([1-9]|1[0-4]))?)$`)

// Signal reports whether a text names a signal that engines know: by its name,
// with or without SIG, or by its number. If not, meant says what may be.
func Signal(text string) (meant string, ok bool) {
	if number, err := strconv.Atoi(text); err == nil {
		return "", number > 0 && number <= 64
	}
	name, names := strings.TrimPrefix(strings.ToUpper(text), "SIG"), signalNames()
	if slices.Contains(names, name) || realTime.MatchString(name) {
		return "", true
	}
	if near := hint.Nearest(name, names); near != "" {
		meant = "did you mean SIG" + near + "?"
	}
	return meant, false
}

func signalNames() []string {
	return []string{
		"ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL", "PROF", "PWR",
		"QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
	}
}

package loader

import "github.com/musterdev/muster/loader/rules"

// Signal reports whether a text names a signal that engines know: by its name,
// with or without SIG, or by its number. If not, meant says what may be.
func Signal(text string) (meant string, ok bool) { return rules.Signal(text) }

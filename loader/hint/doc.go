// Package hint proposes what somebody may have meant.
package hint

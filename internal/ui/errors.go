package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrorStyle says how an error is printed.
type ErrorStyle struct {
	JSON     bool // one object with the message
	Terminal bool // what could drive the terminal is escaped
	Color    bool
}

// detailed is an error with more to tell than fits its message, such as the
// last log lines of a container that did not come up.
type detailed interface {
	error
	// Report is the whole story, of several lines.
	Report() string
}

// PrintError prints an error for the person who must act. Errors made of
// several are printed one per line.
func PrintError(w io.Writer, err error, style ErrorStyle) {
	if err == nil {
		return
	}
	if style.JSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		// An error that cannot be printed has nowhere else to go.
		_ = e.Encode(struct {
			Error   bool   `json:"error"`
			Message string `json:"message"`
		}{true, ErrorText(err)})
		return
	}
	text := ErrorText(err)
	if style.Terminal {
		text = EscapeText(text)
	}
	if first, rest, _ := strings.Cut(text, "\n"); style.Color {
		text = "\x1b[31m" + first + reset
		if rest != "" {
			text += "\n" + rest
		}
	}
	fmt.Fprintln(w, text)
}

// ErrorText is the error's report if it has one, else its message.
func ErrorText(err error) string {
	var d detailed
	if errors.As(err, &d) {
		return strings.TrimRight(d.Report(), "\n")
	}
	return strings.TrimRight(err.Error(), "\n")
}

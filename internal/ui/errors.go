package ui

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/loader"
)

// ErrorStyle says how an error is printed.
type ErrorStyle struct {
	JSON  bool // one object with the message
	Color bool
}

// PrintError prints an error for the person who must act. Errors made of
// several are printed one per line.
func PrintError(w io.Writer, err error, style ErrorStyle) {
	if err == nil {
		return
	}
	if style.JSON {
		// An error that cannot be printed has nowhere else to go.
		_ = NewJSONEncoder(w).Encode(struct {
			Error   bool   `json:"error"`
			Message string `json:"message"`
		}{true, err.Error()})
		return
	}
	text := EscapeText(ErrorText(err))
	if first, rest, _ := strings.Cut(text, "\n"); style.Color {
		text = "\x1b[31m" + first + reset
		if rest != "" {
			text += "\n" + rest
		}
	}
	fmt.Fprintln(w, text)
}

// ErrorText is the message for people: of a joined error all messages, one
// after the other, and of a container that did not come up all that is known.
func ErrorText(err error) string {
	var texts []string
	for _, e := range parts(err) {
		texts = append(texts, strings.TrimRight(errorText(e), "\n"))
	}
	return strings.Join(texts, "\n")
}

// parts are the errors that errors.Join has put together.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || strings.Count(err.Error(), "\n") < len(joined.Unwrap())-1 {
		return []error{err}
	}
	switch err.(type) {
	case *apply.StepError, *apply.Failure, loader.Errors:
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, parts(e)...)
	}
	return all
}

func errorText(err error) string {
	var step *apply.StepError
	var failure *apply.Failure
	var diagnostics loader.Errors
	switch {
	case errors.As(err, &failure):
	case errors.As(err, &diagnostics):
		return err.Error() // a line each
	default:
		// Engines, registries and programs say what they like: what they say
		// must not look like an error of its own.
		return strings.ReplaceAll(strings.TrimRight(err.Error(), "\n"), "\n", "\n  ")
	}
	text := failure.Report()
	if errors.As(err, &step) && step.Undone != "" {
		text += "  " + step.Undone + "\n"
	}
	return text
}

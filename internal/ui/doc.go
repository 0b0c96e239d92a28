// Package ui is what people and scripts see: progress as a live terminal view,
// plain lines, JSON or nothing; log lines; tables and their machine formats;
// errors and failure reports.
//
// It decides nothing and speaks to no engine: values in, bytes out. Output is
// a function of its input, in a fixed order. Whatever comes from outside (log
// lines, names, labels, error texts) cannot drive the terminal: see Escape and
// Sanitize. Output that is not written to a terminal is left as it is.
package ui

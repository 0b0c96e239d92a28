// Package ui is what people and scripts see: progress as a live terminal view,
// plain lines, JSON or nothing; log lines; tables and their machine formats;
// errors and failure reports.
//
// It decides nothing and speaks to no engine: values in, bytes out. Output is
// a function of its input, in a fixed order. Whatever comes from outside (log
// lines, keys, names, labels, error texts) cannot drive a terminal nor begin a
// line of its own, now or when a file is shown later: everything passes through
// Escape, sanitizeLine or NewJSONEncoder. Only the logs of containers that are not
// written to a terminal are left as they are.
package ui

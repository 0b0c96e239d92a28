// Package faultmatrix holds the supervisor to the rows of the fault matrix that
// concern restarts, on a real engine of its own that can be killed, stopped and
// started. It is all tests (tag e2e); docs/RELIABILITY.md is the table that they
// generate.
package faultmatrix

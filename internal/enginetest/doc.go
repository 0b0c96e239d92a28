// Package enginetest is the contract that engines keep, by the roles that they
// declare: the one in memory, the real one, and whatever comes next.
package enginetest

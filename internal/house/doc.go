// Package house holds the rules of the code base as tests: who may import whom,
// how large things may become, what the documents say of the code. It has no
// code of its own. A rule with exceptions has them in a table, each with its
// reason.
package house

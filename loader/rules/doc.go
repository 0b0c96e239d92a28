// Package rules has the rules of Compose files that the schema does not know, as
// one table: what each is about, how bad it is to break it, where it applies, how
// it is checked and what to do. Whoever reads the files has a Checker look at each
// document, and then at what all of them make together.
package rules

// Package env has the environment of a load: the variables of the process with
// those of env files under them, where each came from, and what texts mean with
// them. It reads the syntax of env files and opens none.
package env

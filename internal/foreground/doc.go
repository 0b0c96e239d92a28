// Package foreground is what a command does while its user looks on: up, which
// converges, shows what the containers say and stops them at the end, and watch,
// which carries out what changes of files mean.
//
// Everything that goes on is an actor: the operation, the output, the watch, the
// supervision, what a key asked for. One goroutine owns the command, hears of what
// the actors do and tells them to end; what the command comes to is a verdict.
package foreground

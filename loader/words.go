package loader

import "github.com/mattn/go-shellwords"

// SplitWords splits a command line as a shell does, without expanding anything.
func SplitWords(line string) ([]string, error) { return shellwords.Parse(line) }

package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// joinValues writes the flags in front of a command's name together with their
// values, --parallel=-1 for --parallel -1, as pflag reads them: to find the
// command, cobra takes every word that begins with a dash for a flag, and the word
// after it for that flag's value.
func joinValues(root *cobra.Command, args []string) []string {
	if len(args) > 1 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		last := len(args) - 1 // the word that is being completed
		return append(append([]string{args[0]}, joinValues(root, args[1:last])...), args[last])
	}
	root.InitDefaultHelpFlag()
	var joined []string
	for len(args) > 0 {
		takes, ok := takesValue(root.Flags(), args[0])
		if !ok || takes != nil && len(args) < 2 {
			break
		}
		word := args[0]
		if takes != nil {
			if !strings.HasPrefix(word, "--") { // the last of short flags
				if switches := word[:len(word)-1]; switches != "-" {
					joined = append(joined, switches)
				}
				word = "--" + takes.Name
			}
			word, args = word+"="+args[1], args[1:]
		}
		joined, args = append(joined, word), args[1:]
	}
	return append(joined, args...)
}

// takesValue is the flag of a word, or the last of several short ones, whose value
// is the next word, or nil; ok is false if the word consists of no known flags.
func takesValue(flags *pflag.FlagSet, word string) (flag *pflag.Flag, ok bool) {
	if name, long := strings.CutPrefix(word, "--"); long {
		name, _, joined := strings.Cut(name, "=")
		if flag = flags.Lookup(name); flag == nil {
			return nil, false
		}
		if joined || flag.NoOptDefVal != "" {
			return nil, true
		}
		return flag, true
	}
	letters, short := strings.CutPrefix(word, "-")
	if !short || letters == "" {
		return nil, false
	}
	for i := range len(letters) {
		flag = flags.ShorthandLookup(letters[i : i+1])
		switch last := i == len(letters)-1; {
		case flag == nil:
			return nil, false
		case !last && letters[i+1] == '=':
			return nil, true
		case flag.NoOptDefVal != "": // a switch
		case last:
			return flag, true
		default:
			return nil, true
		}
	}
	return nil, true
}

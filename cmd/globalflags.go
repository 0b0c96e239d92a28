package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// globalFlags are the flags before the command's name.
type globalFlags struct {
	files         []string
	name          string
	profiles      []string
	envFiles      []string
	dir           string
	workdir       string // deprecated: dir
	allResources  bool
	ansi          string
	noANSI        bool // deprecated: ansi never
	compatibility bool
	dryRun        bool
	parallel      int
	progress      string
	insecure      []string
	verbose       bool
	version       bool
}

func (g *globalFlags) addTo(c *cobra.Command) {
	f := c.Flags()
	f.SetInterspersed(false)
	f.StringArrayVarP(&g.files, "file", "f", nil, "Compose configuration files; - is standard input")
	f.StringVarP(&g.name, "project-name", "p", "", "Project name")
	f.StringArrayVar(&g.profiles, "profile", nil, "Specify a profile to enable; * enables all")
	f.StringArrayVar(&g.envFiles, "env-file", nil, "Specify an alternate environment file")
	f.StringVar(&g.dir, "project-directory", "", "Specify an alternate working directory (default: the path of the first Compose file)")
	f.StringVar(&g.workdir, "workdir", "", "Deprecated: use --project-directory")
	f.BoolVar(&g.allResources, "all-resources", false, "Include all resources, even those not used by services")
	f.StringVar(&g.ansi, "ansi", "", `Control when to print ANSI control characters ("never"|"always"|"auto")`)
	f.BoolVar(&g.noANSI, "no-ansi", false, "Deprecated: use --ansi never")
	f.BoolVar(&g.compatibility, "compatibility", false, "Run in backward compatibility mode: container names are joined by _")
	f.IntVar(&g.parallel, "parallel", -1, "Control max parallelism of pulls and builds, -1 for unlimited")
	f.StringVar(&g.progress, "progress", "", "Set type of progress output (auto, tty, plain, json, quiet)")
	f.StringArrayVar(&g.insecure, "insecure-registry", nil, "Use plain HTTP for Compose artifacts of these registries")
	f.BoolVar(&g.verbose, "verbose", false, "Show more output")
	f.BoolVarP(&g.version, "version", "v", false, "Show the version")
	for _, hidden := range []string{"workdir", "no-ansi", "insecure-registry", "verbose", "version"} {
		f.Lookup(hidden).Hidden = true
	}
	c.PersistentFlags().BoolVar(&g.dryRun, "dry-run", false, "Print what would be done, and do nothing")
}

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
	joined := []string{} // not nil, for which cobra takes the process's own arguments
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

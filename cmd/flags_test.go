package cmd

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryFlagOfTheReference compares each command's flags with the table of
// what Docker Compose has, and lists what is missing or differs.
func TestEveryFlagOfTheReference(t *testing.T) {
	table, err := os.ReadFile("testdata/flags.txt")
	if err != nil {
		t.Fatal(err)
	}
	root := Tree(&App{})
	rows := 0
	for line := range strings.Lines(string(table)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		if problem := compareFlag(root, strings.Fields(line)); problem != "" {
			t.Errorf("%s: %s", line, problem)
		}
	}
	if rows < 200 {
		t.Fatalf("the table has %d rows only", rows)
	}
}

func compareFlag(root *cobra.Command, row []string) string {
	c := root
	if row[0] != "muster" {
		found, _, err := root.Find(row[:1])
		if err != nil || found == root {
			return "no such command"
		}
		c = found
	}
	if len(row) == 1 {
		return ""
	}
	flag := c.Flags().Lookup(row[1])
	if flag == nil {
		flag = c.PersistentFlags().Lookup(row[1])
	}
	switch {
	case flag == nil:
		return "no such flag"
	case row[2] != "-" && flag.Shorthand != row[2]:
		return "its shorthand is " + flag.Shorthand
	case row[3] != "any" && flag.Value.Type() != row[3]:
		return "its type is " + flag.Value.Type()
	}
	return ""
}

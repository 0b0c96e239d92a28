package rules

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/RULES.md")

const rulesDoc = "../../docs/RULES.md"

// TestTable: every rule has a name of its own, says what it is about, and applies
// somewhere; at no place do a key and "any key" compete.
func TestTable(t *testing.T) {
	id, seen := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`), map[string]bool{}
	tries := map[AppliesTo]*trie{Document: {}, Active: {}, Declared: {}}
	for _, r := range Table() {
		if !id.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("the name %q is taken or no words with hyphens", r.ID)
		}
		seen[r.ID] = true
		if r.What == "" || r.Check != nil && len(r.On) == 0 {
			t.Errorf("%s says neither what is wrong nor where", r.ID)
		}
		if on := slices.Sorted(slices.Values(r.On)); len(slices.Compact(on)) != len(r.On) {
			t.Errorf("%s names a place twice", r.ID)
		}
		tries[r.AppliesTo].add(&r)
	}
	for appliesTo, all := range tries {
		ambiguous(t, fmt.Sprint("rules that apply to ", appliesTo), all)
	}
}

func ambiguous(t *testing.T, at string, n *trie) {
	for elem, below := range n.next {
		if n.next["*"] != nil && elem != "*" && elem != "[]" {
			t.Errorf("%s has rules of %s and of *: %s would not have the second", at, elem, elem)
		}
		ambiguous(t, at+" "+elem, below)
	}
}

// TestRulesAreDocumented: docs/RULES.md is what the table says; -update writes it.
func TestRulesAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Rules of Compose files

What is checked of a file beyond the schema of the Compose Specification, written from the table in loader/rules by its test
(` + "`go test ./loader/rules -update`" + `). A rule is broken at a place of the files, which the message names with line and column.

- **rejected**: the value cannot be read; no command that needs the service goes on.
- **refused**: the value can be read, and ` + "`config`" + ` shows it; the service cannot be run with it.
- **warned**: it has no effect, or another one than it may seem.

Places: ` + "`*` is any name, `[]` any item of a list" + `.

| rule | is | about | at | what to do |
|---|---|---|---|---|
`)
	for _, r := range Table() {
		places := make([]string, len(r.On))
		for i, on := range r.On {
			if places[i] = "`" + on + "`"; on == "" {
				places[i] = "the whole file"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.ID, r.Severity, r.What, strings.Join(places, " "), strings.ReplaceAll(r.Fix, "|", `\|`))
	}
	if *update {
		if err := os.WriteFile(rulesDoc, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(rulesDoc); err != nil || string(have) != b.String() {
		t.Errorf("docs/RULES.md is not what the table says: run with -update (%v)", err)
	}
}

// TestCompatibilityRows: what docs/COMPATIBILITY.md says one engine has no use for,
// or is warned of or refused by the loader, a rule of the table says of the file.
func TestCompatibilityRows(t *testing.T) {
	text, err := os.ReadFile("../../docs/COMPATIBILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, r := range Table() {
		for _, on := range r.On {
			if r.Check != nil && r.Severity != Rejected && on != "services.*" {
				places = append(places, strings.ReplaceAll(on, ".*", ""))
			}
		}
	}
	rows := 0
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (cluster|warned|refused) \\|").FindAllStringSubmatch(string(text), -1) {
		rows++
		covered := slices.ContainsFunc(places, func(on string) bool { return below(m[1], on) || below(on, m[1]) })
		if !covered {
			t.Errorf("%s is %s, and no rule says so", m[1], m[2])
		}
	}
	if rows < 15 {
		t.Errorf("%d rows", rows)
	}
}

// below reports whether a path is another one or in it.
func below(path, at string) bool {
	rest, inside := strings.CutPrefix(path, at)
	return inside && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

package house_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// stumbles are turns of phrase that a native speaker stumbles over, and what
// docker and kubectl say instead.
var stumbles = []struct{ turn, better string }{
	{`\b(is|are|was|were) there\b|\bthere is (a|an|no)\b|\bnot there\b`, "exists, does not exist, not found, is missing"},
	{`\b(is|are|was|were|be|been|being) made\b|\bmakes it\b`, "is created"},
	{`\banew\b`, "again, recreated"},
	{`\bstands? for\b|\bstands? under\b`, "belongs to"},
	{`\b(is|are|was) (no|none) [a-z]`, "is not a"},
	{`\bhas become\b|\bhave become\b`, "was renamed, changed to"},
	{`\bis said\b|\bare said\b|\bsays so\b`, "is reported"},
	{`\bfolders?\b`, "directory"},
	{`\bforbids\b|\bnewly\b|\bmeanwhile\b|\bof late\b`, "forbidden by, now, in the meantime, recently"},
	{`\b(was|were|been|is|are) asked for\b`, "requested, --flag was given"},
	{`\bis left( alone)?, `, "kept, leaving it as it is"},
	{`\bgoes? on without\b|\bgo on\b`, "continuing, keep running"},
	{`\bis (used|taken) as it is\b`, "using it as is"},
}

// composeSays are phrases of Docker Compose's own, which stay.
var composeSays = []string{
	"Copy files/folders between a service container and the local filesystem",
}

// TestWording: messages and help are in the plain English of docker's and
// kubectl's own texts.
func TestWording(t *testing.T) {
	turns := make([]*regexp.Regexp, len(stumbles))
	for i, s := range stumbles {
		turns[i] = regexp.MustCompile(s.turn)
	}
	for _, s := range sources(t) {
		if s.test() || strings.HasPrefix(s.dir(), "test/") || forTests[s.dir()] {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil || !strings.Contains(strings.TrimSpace(text), " ") {
				return true
			}
			for _, own := range composeSays {
				text = strings.ReplaceAll(text, own, "")
			}
			for i, turn := range turns {
				if found := turn.FindString(text); found != "" {
					t.Errorf("%s: %q in %q: say %s", s.path, found, text, stumbles[i].better)
				}
			}
			return true
		})
	}
}

// forTests are rooms whose texts only people who test read.
var forTests = map[string]bool{
	"internal/memengine": true, "internal/memengine/shell": true, "internal/enginetest": true, "internal/testrun": true,
	"internal/patience": true, "internal/docker/attributes": true, "internal/house": true,
}

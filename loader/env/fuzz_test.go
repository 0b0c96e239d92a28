package env

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
)

// FuzzExpand compares interpolation with compose-go's where that is defined:
// on one line.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{
		"plain", "$A", "${A}", "$$A", "${B:-x}", "${B-x}", "${E:-x}", "${E-x}", "${A:+y}", "${B:+y}", "${E+y}", "${B:?no}", "${E?no}",
		"${B:-${A}}", "${B:-${C:-${A}}} and ${A}", "a$", "$1", "${", "${}", "${A", "${A B}", "${B:-{\"a\":{}}}", "$A$B$$", "${B:-$$A}", "${A}}", "{$A}", "$A-$A",
	} {
		f.Add(seed)
	}
	values := map[string]string{"A": "value", "E": "", "long_name1": "x"}
	lookup := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	f.Fuzz(func(t *testing.T, text string) {
		budget := int64(1 << 20)
		x := Expander{Lookup: lookup, Nesting: 32, Budget: &budget}
		got, err := x.Expand(text)
		if strings.ContainsAny(text, "\n\r") || strings.Count(text, "{") != strings.Count(text, "}") || err != nil && strings.Contains(err.Error(), "deep") {
			return
		}
		if adjacent(text) || strings.ContainsAny(text, "\u017f\u212a") {
			return // compose-go takes the long s and the Kelvin sign for the letters that they fold to
		}
		want, wantErr := template.Substitute(text, lookup)
		if (err == nil) != (wantErr == nil) || err == nil && got != want {
			t.Errorf("%q becomes %q, %v; compose-go has %q, %v", text, got, err, want, wantErr)
		}
	})
}

// adjacent tells of texts that compose-go reads by a greedy expression, to the
// last brace, and so not the way they are written.
func adjacent(text string) bool {
	for i := strings.Index(text, "${"); i >= 0; {
		end := closingBrace(text[i:])
		if end < 0 {
			return true
		}
		inner := text[i+2 : i+end]
		if name := leadingName(inner); name == "" || name != inner && !strings.ContainsAny(inner[len(name):len(name)+1], ":-+?") {
			return true
		}
		if strings.ContainsAny(inner, "{}") {
			return true // compose-go steps over the character after a brace
		}
		next := strings.Index(text[i+end:], "${")
		if next < 0 {
			return strings.ContainsAny(text[i+end+1:], "{}")
		}
		i += end + next
	}
	return strings.ContainsAny(text, "{}")
}

// FuzzDotenv compares env files with compose-go's reading.
func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{
		"A=1\nB=2\n", "export A=1\n", "A: 1\n", "# c\nA=1 # c\n", "A='x $B'\n", "A=\"x\\n$B\"\n", "A=$B${C:-d}\n", "A\n", "A=\n=1\n", "A B=1\n",
		"A='x\ny'\nB=1\n", "\uFEFFA=1\n", "A=\"un", "A=a#b\n", "A.b-c[0]=1\n", "A=\"\\$x\"\n", "A=\\0101\r\nB=2\r\n", "A=\"\\\"\"x=1\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		budget := int64(1 << 20)
		p := Parser{Lookup: func(string) (string, bool) { return "", false }, Limit: 1 << 20, Budget: &budget, Out: got, Set: func(string, int) {}}
		err := p.Parse(text)
		if strings.ContainsAny(text, "${}\r\v\f") || strings.Contains(text, "export") || !strings.HasSuffix(text, "\n") || strings.ContainsFunc(text, func(r rune) bool { return r > 126 }) {
			return // where the two differ on purpose
		}
		want, wantErr := dotenv.Parse(strings.NewReader(text))
		if err != nil && wantErr == nil {
			if _, named := want[""]; !named && !strings.Contains(err.Error(), "space") {
				t.Errorf("%q: %v; compose-go has %v", text, err, want)
			}
			return
		}
		if err == nil && wantErr == nil && !maps.Equal(got, want) {
			t.Errorf("%q becomes %v; compose-go has %v", text, got, want)
		}
	})
}

// FuzzRawEnv reads env files of docker run.
func FuzzRawEnv(f *testing.F) {
	f.Add("A=1\n# c\nB\n \nC = 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		_ = ParseRaw(text, os.LookupEnv, func(key, _ string, line int) {
			if key == "" || line < 1 {
				t.Errorf("%q sets %q at line %d", text, key, line)
			}
		})
	})
}

package loader

import (
	"slices"
	"testing"
)

// TestStagesTellWhatATargetUses holds the reader of Dockerfiles to the images
// that the builder would ask for: what is taken for a base is built first, what
// is overlooked may come from a registry instead.
func TestStagesTellWhatATargetUses(t *testing.T) {
	args := map[string]string{"BASE": "given", "EMPTY": ""}
	for _, tc := range []struct {
		name, text, target string
		want               []string
	}{
		{"one stage", "FROM a:1", "", []string{"a:1"}},
		{"case and blanks", "\n  from   a AS X\nfrom x\n", "", []string{"a"}},
		{"platform", "FROM --platform=$BUILDPLATFORM a", "", []string{"a"}},
		{"only the stages of the target", "FROM a AS one\nFROM b AS two\nCOPY --from=c / /\nFROM one\n", "", []string{"a"}},
		{"a target by name", "FROM a AS one\nFROM b AS two\nCOPY --from=c / /\nFROM one\n", "TWO", []string{"b", "c"}},
		{"a target by number", "FROM a\nFROM b\n", "0", []string{"a"}},
		{"a target that is not there", "FROM a", "x", nil},
		{"a stage by number", "FROM a\nFROM b\nCOPY --from=0 / /\n", "", []string{"b", "a"}},
		{"a later stage is an image", "FROM x\nFROM b AS x\nFROM x\n", "0", []string{"x"}},
		{"lines go on", "FROM \\\n # no\n a \\\n AS s\nRUN x\n", "", []string{"a"}},
		{"another escape", "# escape=`\nFROM `\na\n", "", []string{"a"}},
		{"mounts", "FROM a\nRUN --mount=type=bind,from=b,target=/b --mount=type=cache,target=/c x from=no\n", "", []string{"a", "b"}},
		{"defaults of arguments", "ARG V=3\nARG BASE=own\nFROM alpine:${V}\nCOPY --from=$BASE / /\n", "", []string{"alpine:3", "given"}},
		{"fallbacks", "ARG EMPTY\nFROM ${EMPTY:-a}${NONE:+no}\n", "", []string{"a"}},
		{"quoted", "ARG B=\"a\"\nFROM \"$B\"\n", "", []string{"a"}},
		{"heredocs", "FROM a\nRUN <<EOF cat <<-'TWO'\nFROM no\nEOF\nFROM no\nTWO\nCOPY --from=b / /\n", "", []string{"a", "b"}},
		{"nothing", "", "", nil},
		{"no stage", "RUN x\nCOPY --from=b / /", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			given := func(name string) (string, bool) { v, ok := args[name]; return v, ok }
			if got := stagesOf(tc.text, given).images(tc.target); !slices.Equal(got, tc.want) {
				t.Errorf("uses %q, want %q", got, tc.want)
			}
		})
	}
}

// FuzzStages lets nothing in a Dockerfile break a load.
func FuzzStages(f *testing.F) {
	f.Add("ARG A=b\nFROM ${A:-c} AS d\nRUN --mount=from=d <<E\nE\n", "d")
	f.Fuzz(func(t *testing.T, text, target string) {
		stagesOf(text, func(string) (string, bool) { return "", false }).images(target)
	})
}

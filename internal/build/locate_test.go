package build

import (
	"strings"
	"testing"
)

func TestLocate(t *testing.T) {
	const file = "FROM a AS one\n\nRUN first \\\n    second\nrun third\nFROM b\nCOPY --from=one x y\nRUN <<EOF\nfourth\nEOF\n"
	for step, want := range map[string]string{
		"[one 2/3] RUN first     second":    ">>> RUN first",
		"[one 3/3] RUN third":               ">>> run third",
		"[stage-1 2/3] COPY --from=one x y": ">>> COPY --from=one x y",
		"[stage-1 3/3] RUN <<EOF (fourth)":  ">>> RUN <<EOF",
		"[stage-1 3/3] RUN elsewhere":       "",
		"exporting to image":                "",
	} {
		s, found := locate("Dockerfile", []byte(file), step)
		if found != (want != "") {
			t.Errorf("locate(%q) found = %v", step, found)
			continue
		}
		var b strings.Builder
		if found {
			if err := s.Print(&b); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("locate(%q) = %s, want %s", step, b.String(), want)
		}
	}
}

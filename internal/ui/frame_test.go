package ui

import (
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
)

func TestStatsOnANarrowScreen(t *testing.T) {
	rows := []Measured{{Container: engine.Container{Ref: engine.Ref{ID: "0123456789abcdef", Name: "p-web-1"}}}}
	for columns, want := range map[int]bool{0: true, 200: true, 80: false} {
		text, err := StatsScreen(rows, false, columns)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(text, "0123456789ab"); got != want || !strings.Contains(text, "p-web-1") {
			t.Errorf("%d columns: ID shown: %v, want %v\n%s", columns, got, want, text)
		}
	}
}

func TestFrame(t *testing.T) {
	var f Frame
	if got, want := string(f.Draw("one\ntwo\n", 80, 24)), "\x1b[2J\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J"; got != want {
		t.Errorf("first: %q, want %q", got, want)
	}
	if got, want := string(f.Draw("a line\n2\n3\n4\n5\n", 4, 4)), "\x1b[Ha l…\x1b[K\n2\x1b[K\n… 3…\x1b[K\n\x1b[J"; got != want {
		t.Errorf("second, on a small screen: %q, want %q", got, want)
	}
	if got := string(f.Draw(strings.Repeat("x\n", 50), 0, 0)); strings.Count(got, "x") != 50 {
		t.Errorf("without a known size: %q", got)
	}
}

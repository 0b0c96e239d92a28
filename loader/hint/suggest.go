package hint

import (
	"slices"
	"strings"
)

// Nearest is the candidate that a person most likely meant, or "".
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", max(1, min(3, len(word)/2))+1
	if len(candidates) > maxCandidates {
		return ""
	}
	sorted := slices.Sorted(slices.Values(candidates))
	plain := func(s string) string { return strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(s)) }
	for _, c := range sorted {
		if len(c)-len(word) >= bestDistance || len(word)-len(c) >= bestDistance {
			continue
		}
		d := distance(plain(word), plain(c))
		if d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// maxCandidates bounds the work of a hint.
const maxCandidates = 1000

// DidYouMean is the hint for a word that is not among the candidates.
func DidYouMean(word string, candidates []string) string {
	if c := Nearest(word, candidates); c != "" {
		return "did you mean " + c + "?"
	}
	return ""
}

// maxDistanceLength bounds the work of distance: longer words are unrelated.
const maxDistanceLength = 64

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func distance(a, b string) int {
	if len(a) > maxDistanceLength || len(b) > maxDistanceLength {
		return maxDistanceLength
	}
	before, previous := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous = previous, row
	}
	return previous[len(b)]
}

// OrList joins words: a, b or c.
func OrList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

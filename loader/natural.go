package loader

import (
	"cmp"
	"slices"
	"unicode"
)

// naturally sorts keys the way YAML encoders do: web2 before web10, and signs
// before letters.
func naturally(keys []string) []string {
	slices.SortStableFunc(keys, compareNaturally)
	return keys
}

func compareNaturally(a, b string) int {
	x, y := []rune(a), []rune(b)
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	if i == len(x) || i == len(y) {
		return cmp.Compare(len(x), len(y))
	}
	switch left, right := unicode.IsLetter(x[i]), unicode.IsLetter(y[i]); {
	case left && right:
		return cmp.Compare(x[i], y[i])
	case left || right:
		// After a digit the letter is first: what goes on with digits is a
		// larger number.
		if afterDigit := i > 0 && unicode.IsDigit(x[i-1]); left == afterDigit {
			return -1
		}
		return 1
	}
	m, n := numberFrom(x, i), numberFrom(y, i)
	return cmp.Or(cmp.Compare(len(m), len(n)), slices.Compare(m, n), cmp.Compare(x[i], y[i]))
}

// numberFrom are the digits from i on that matter: zeros do not if nothing
// larger stands before them.
func numberFrom(r []rune, i int) []rune {
	leading := true
	for j := i - 1; j >= 0 && unicode.IsDigit(r[j]); j-- {
		leading = leading && r[j] == '0'
	}
	for leading && i < len(r) && r[i] == '0' {
		i++
	}
	end := i
	for end < len(r) && unicode.IsDigit(r[end]) {
		end++
	}
	return r[i:end]
}

package restartpolicy

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// SyntaxError says what is wrong with a word in a Compose file and what to write.
type SyntaxError struct {
	Problem string // what is wrong, quoting the word
	Hint    string // what to write instead
}

// Error returns the problem with the hint in brackets.
func (e *SyntaxError) Error() string { return e.Problem + " (" + e.Hint + ")" }

// Parse reads the value of a service's restart key: no, always, unless-stopped,
// on-failure or on-failure:N, where N of 0 means no bound; an empty value is "no".
// Its error is a *SyntaxError.
func Parse(s string) (Policy, error) {
	word, count, counted := strings.Cut(s, ":")
	if word == "" && !counted {
		return Policy{Mode: No}, nil
	}
	modes := []Mode{No, Always, OnFailure, UnlessStopped}
	i := slices.Index(modes, Mode(word))
	if i < 0 {
		return Policy{}, &SyntaxError{
			Problem: fmt.Sprintf("unknown restart policy %q", s),
			Hint:    suggest(word, "no", "always", "unless-stopped", "on-failure[:N]"),
		}
	}
	p := Policy{Mode: modes[i]}
	if !counted {
		return p, nil
	}
	if p.Mode != OnFailure {
		return Policy{}, &SyntaxError{
			Problem: fmt.Sprintf("restart policy %q: only on-failure takes a count", s),
			Hint: fmt.Sprintf("use %s or on-failure:%s; to bound restarts after every exit, use deploy.restart_policy.max_attempts",
				word, orElse(count, "N")),
		}
	}
	n, err := parseCount(count)
	if err != nil {
		return Policy{}, &SyntaxError{
			Problem: fmt.Sprintf("restart policy %q: %q is not a number of restarts", s, count),
			Hint:    fmt.Sprintf("use on-failure, or on-failure:N with N from 0 (no bound) to %d", math.MaxInt32),
		}
	}
	p.MaxAttempts = n
	return p, nil
}

// FromDeploy reads deploy.restart_policy. A nil pointer is a key that is not in the
// file. The condition is none, on-failure or any, and any if it is empty, as the
// Compose specification has it. The words of the restart key no, always and
// unless-stopped are taken too: Docker Compose applies them. maxAttempts of 0 means no bound. With the
// condition none the other settings have no meaning and are dropped, after the
// same checks. Its error is a *SyntaxError.
func FromDeploy(condition string, delay, window *time.Duration, maxAttempts *uint64) (Policy, error) {
	var p Policy
	switch condition {
	case "none", "no":
		p.Mode = No
	case "on-failure":
		p.Mode = OnFailure
	case "any", "always", "":
		p.Mode = Always
	case "unless-stopped":
		p.Mode = UnlessStopped
	default:
		return Policy{}, &SyntaxError{
			Problem: fmt.Sprintf("unknown restart condition %q", condition),
			Hint:    suggest(condition, "any", "on-failure", "none"),
		}
	}
	for _, d := range []struct {
		key  string
		from *time.Duration
		to   *time.Duration
	}{{"delay", delay, &p.Delay}, {"window", window, &p.Window}} {
		if d.from == nil {
			continue
		}
		if *d.from < 0 {
			return Policy{}, &SyntaxError{
				Problem: fmt.Sprintf("negative restart %s %v", d.key, *d.from),
				Hint:    "use 0s or more",
			}
		}
		*d.to = *d.from
	}
	if maxAttempts != nil {
		if *maxAttempts > math.MaxInt32 {
			return Policy{}, &SyntaxError{
				Problem: fmt.Sprintf("max_attempts %d is too large", *maxAttempts),
				Hint:    fmt.Sprintf("use at most %d, or 0 for no bound", math.MaxInt32),
			}
		}
		p.MaxAttempts = int(*maxAttempts)
	}
	if p.Mode == No {
		return Policy{Mode: No}, nil
	}
	return p, nil
}

// suggest returns a hint: the word that was probably meant, or else all of them.
func suggest(word string, valid ...string) string {
	meant := map[string]string{ // what other tools and other keys call the same
		"never": "no", "none": "no", "false": "no", "off": "no", "true": "always", "yes": "always", "any": "always",
		"failure": "on-failure", "onfailure": "on-failure", "stopped": "unless-stopped",
	}
	if !strings.HasPrefix(valid[0], "no") { // the conditions of deploy.restart_policy
		meant = map[string]string{
			"never": "none", "false": "none", "true": "any",
			"failure": "on-failure", "onfailure": "on-failure",
		}
	}
	lower := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(word), "_", "-"))
	best, distance := "", 0
	for _, v := range valid {
		name, _, _ := strings.Cut(v, "[")
		if d := editDistance(lower, name); best == "" || d < distance {
			best, distance = name, d
		}
	}
	if m, ok := meant[lower]; ok {
		best, distance = m, 0
	}
	// Two slips in a longer word are a misspelling; two in "any" are another word.
	if distance > max(1, len(best)/4) {
		return "use " + strings.Join(valid[:len(valid)-1], ", ") + " or " + valid[len(valid)-1]
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// editDistance is the least number of letters to insert, remove or replace to get
// from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// orElse returns s, or the other string if s is empty.
func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

package watch

// Matches reports whether a change of the path concerns the rule.
func (r Rule) Matches(changed string) bool { return r.matches(changed) }

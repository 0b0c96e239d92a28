package rules

import "slices"

// Table is every rule. What stands above is checked first where several apply to
// one place.
func Table() []Rule {
	return slices.Concat(valueRules(), portRules(), mountRules(), listRules(), resourceRules(), togetherRules(), referenceRules(), effectRules(), readingRules())
}

const svc = "services.*."

// under are places below one.
func under(at string, keys ...string) []string {
	all := make([]string, len(keys))
	for i, key := range keys {
		all[i] = at + key
	}
	return all
}

// sections are places in the resources of all sections of files.
func sections(key string) []string {
	return []string{"networks.*." + key, "volumes.*." + key, "secrets.*." + key, "configs.*." + key}
}

package project

import (
	"regexp"
	"slices"
)

// platformForm is what engines and builders read: os[/architecture[/variant]],
// or an architecture alone; a version may follow the operating system.
var platformForm = regexp.MustCompile(`^[\w.-]+(\([\w.-]*\))?(/[\w.-]+){0,2}$`)

// IsPlatform reports whether the text has the form of a platform.
func IsPlatform(text string) bool { return platformForm.MatchString(text) }

// findSharedTags finds the images that services want for several platforms.
func (p *Project) findSharedTags() {
	platforms := map[string][]string{} // by image
	all := slices.Concat(p.Services, p.Disabled)
	for _, s := range all {
		if ref := FullTag(s.Image); !s.Provider && !slices.Contains(platforms[ref], s.Platform) {
			platforms[ref] = append(platforms[ref], s.Platform)
		}
	}
	for _, s := range all {
		if s.Provider || len(platforms[FullTag(s.Image)]) < 2 {
			continue
		}
		if s.SharesTag = true; s.Platform == "" {
			s.Platform = NativePlatform
		}
	}
}

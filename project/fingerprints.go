package project

import (
	"maps"
	"slices"
	"strings"
)

// FingerprintsLabel is compact deterministic text of fingerprints by name:
// a=1f2e,b=3d4c. Names come from file keys and hold neither "=" nor ",".
func FingerprintsLabel(prints map[string]Fingerprint) string {
	parts := make([]string, 0, len(prints))
	for _, name := range slices.Sorted(maps.Keys(prints)) {
		parts = append(parts, name+"="+string(prints[name]))
	}
	return strings.Join(parts, ",")
}

// ParseFingerprints reads what FingerprintsLabel wrote.
func ParseFingerprints(label string) map[string]Fingerprint {
	prints := map[string]Fingerprint{}
	for entry := range strings.SplitSeq(label, ",") {
		if name, print, ok := strings.Cut(entry, "="); ok {
			prints[name] = Fingerprint(print)
		}
	}
	return prints
}

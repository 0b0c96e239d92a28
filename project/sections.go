package project

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// maxEntries is how many entries an attribute may have to get a fingerprint
// for each: labels are to stay readable.
const maxEntries = 64

// sections fingerprints every attribute of the service by itself, and every
// entry of those that are mappings (environment.TZ), so that a plan can name the
// ones that changed. They are keyed, by project, service and attribute too: equal
// values elsewhere cannot be recognised from them, and none can be guessed.
// Without a key there are none.
func sections(key Key, project string, spec types.ServiceConfig) (map[string]Fingerprint, error) {
	if key == (Key{}) {
		return map[string]Fingerprint{}, nil
	}
	spec.Build = nil // not part of a container, and not always fit for JSON
	b, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("fingerprint service %s: %w", spec.Name, err)
	}
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(b, &attributes); err != nil {
		return nil, fmt.Errorf("fingerprint service %s: %w", spec.Name, err)
	}
	for _, unhashed := range []string{"pull_policy", "scale", "depends_on", "profiles"} {
		delete(attributes, unhashed)
	}
	out := make(map[string]Fingerprint, len(attributes))
	for name, value := range attributes {
		if string(value) == "null" {
			continue
		}
		out[name] = key.Digest(Path(project, spec.Name, name), value)[:12]
		for k, entry := range entries(value) {
			out[name+"."+k] = key.Digest(Path(project, spec.Name, name, k), entry)[:12]
		}
	}
	return out, nil
}

// entries are those of a mapping; none if it is none, has too many of them or
// one whose key does not fit into a label of fingerprints.
func entries(value json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(value, &m) != nil || len(m) > maxEntries {
		return nil
	}
	for key := range m {
		if key == "" || strings.ContainsAny(key, ",=") {
			return nil
		}
	}
	return m
}

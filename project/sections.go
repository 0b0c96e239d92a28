package project

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// mostEntries is how many entries an attribute may have to get a fingerprint
// for each: labels are to stay readable.
const mostEntries = 64

// sections fingerprints every attribute of the service by itself, and every
// entry of those that are mappings (environment.TZ), so that a plan can name the
// ones that changed. They are keyed by project, service and attribute: equal
// values elsewhere cannot be recognised from them.
func sections(project string, spec types.ServiceConfig) (map[string]Fingerprint, error) {
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
		out[name] = section(Path(project, spec.Name, name), value)
		for key, entry := range entries(value) {
			out[name+"."+key] = section(Path(project, spec.Name, name, key), entry)
		}
	}
	return out, nil
}

func section(key string, value json.RawMessage) Fingerprint { return Digest(key, value)[:12] }

// entries are those of a mapping; none if it is none, has too many of them or
// one whose key does not fit into a label of fingerprints.
func entries(value json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(value, &m) != nil || len(m) > mostEntries {
		return nil
	}
	for key := range m {
		if key == "" || strings.ContainsAny(key, ",=") {
			return nil
		}
	}
	return m
}

// Digest is a keyed digest of content that must not be recognisable from it.
func Digest(key string, content []byte) Fingerprint {
	mac := hmac.New(sha256.New, []byte("dev.muster\x1f"+key))
	mac.Write(content)
	return Fingerprint(hex.EncodeToString(mac.Sum(nil)))
}

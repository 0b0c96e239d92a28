package project

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/compose-spec/compose-go/v2/types"
)

// sections fingerprints every attribute of the service by itself, so that a
// plan can name the ones that changed. They are keyed by project, service and
// attribute: equal values elsewhere cannot be recognised from them.
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
		out[name] = Digest(Path(project, spec.Name, name), value)[:12]
	}
	return out, nil
}

// Digest is a keyed digest of content that must not be recognisable from it.
func Digest(key string, content []byte) Fingerprint {
	mac := hmac.New(sha256.New, []byte("dev.muster\x1f"+key))
	mac.Write(content)
	return Fingerprint(hex.EncodeToString(mac.Sum(nil)))
}

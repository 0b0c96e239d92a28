package project

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Fingerprint is lower-case hex of a hash. The empty fingerprint means that
// nothing is known.
type Fingerprint string

// serviceHash is Docker Compose v5's config hash: SHA-256 of the compact JSON
// of the service without build, pull_policy, scale, deploy.replicas,
// depends_on and profiles.
func serviceHash(s types.ServiceConfig) (Fingerprint, error) {
	s.Build = nil
	s.PullPolicy = ""
	s.Scale = nil
	s.DependsOn = nil
	s.Profiles = nil
	if s.Deploy != nil {
		deploy := *s.Deploy
		deploy.Replicas = nil
		s.Deploy = &deploy
	}
	h, err := hashJSON(s)
	if err != nil {
		return "", fmt.Errorf("hash service %s: %w", s.Name, err)
	}
	return h, nil
}

// networkHash is Docker Compose v5's hash of a network definition. The name in
// it is the engine's.
func networkHash(n types.NetworkConfig) (Fingerprint, error) {
	n.CustomLabels = nil
	h, err := hashJSON(n)
	if err != nil {
		return "", fmt.Errorf("hash network %s: %w", n.Name, err)
	}
	return h, nil
}

// volumeHash is Docker Compose v5's hash of a volume definition, in which the
// driver defaults to local.
func volumeHash(v types.VolumeConfig) (Fingerprint, error) {
	if v.Driver == "" {
		v.Driver = "local"
	}
	v.CustomLabels = nil
	h, err := hashJSON(v)
	if err != nil {
		return "", fmt.Errorf("hash volume %s: %w", v.Name, err)
	}
	return h, nil
}

// HashResolved is the config hash with service: references replaced by the IDs
// of the containers they name: network_mode, ipc and pid become container:ID,
// volumes_from entries become the ID without their mode. ids is keyed by
// service; a service without an entry keeps its reference.
func (s *Service) HashResolved(ids map[string]string) (Fingerprint, error) {
	if len(s.Namespaces) == 0 && len(s.Spec.VolumesFrom) == 0 {
		return s.Hash, nil
	}
	spec := s.Resolved(ids)
	for i, from := range spec.VolumesFrom {
		service, _, _ := strings.Cut(s.Spec.VolumesFrom[i], ":")
		if id := ids[service]; id != "" {
			from = id
		}
		spec.VolumesFrom[i] = from
	}
	return serviceHash(spec)
}

func hashJSON(v any) (Fingerprint, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return Fingerprint(hex.EncodeToString(sum[:])), nil
}

package docker

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/musterdev/muster/internal/hostfile"
)

// buildxBuilder is one of `docker buildx`: where BuildKit runs that is not the engine's.
type buildxBuilder struct {
	Name   string
	Driver string
	Nodes  []builderNode
}

type builderNode struct {
	Name       string
	Endpoint   string
	DriverOpts map[string]string
}

// builderName is what buildx accepts as the name of one.
var builderName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9._+-]*$`)

// chosenBuilder is the builder that the flag, BUILDX_BUILDER or `docker buildx
// use` names; nil is the engine's own BuildKit. The error says why one that is
// named cannot be known; name is its name also then.
func (s settings) chosenBuilder(flag, engine string) (b *buildxBuilder, name string, err error) {
	dir := cmp.Or(s.Getenv("BUILDX_CONFIG"), filepath.Join(s.ConfigDir, "buildx"))
	name = cmp.Or(flag, s.Getenv("BUILDX_BUILDER"))
	chosen := name != ""
	if !chosen {
		name = usedBuilder(dir, engine)
	}
	current, _ := s.contextName() // a context that is not known has been told of before
	if name == "" || name == "default" || name == current {
		return nil, name, nil
	}
	if !builderName.MatchString(name) {
		return nil, name, fmt.Errorf("not a valid builder name")
	}
	text, err := hostfile.Read(filepath.Join(dir, "instances", strings.ToLower(name)), maxSmallFile)
	if err != nil && chosen {
		return nil, name, fmt.Errorf("no such builder (%w): docker buildx ls lists them", hostfile.Reason(err))
	}
	if err != nil {
		return nil, name, nil // removed since it was used: buildx takes the engine's too
	}
	b = &buildxBuilder{}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, name, fmt.Errorf("read its description: %w", err)
	}
	if b.Driver == "docker" {
		return nil, name, nil
	}
	if len(b.Nodes) == 0 {
		return nil, name, fmt.Errorf("it has no node")
	}
	return b, name, nil
}

// usedBuilder is the name that `docker buildx use` noted for the engine, or for
// all; empty if there is none.
func usedBuilder(dir, engine string) string {
	var current struct {
		Key, Name string
		Global    bool
	}
	if text, err := hostfile.Read(filepath.Join(dir, "current"), maxSmallFile); err == nil && json.Unmarshal(text, &current) == nil {
		if current.Name != "" && (current.Global || current.Key == engine) {
			return current.Name
		}
	}
	sum := sha256.Sum256([]byte(engine))
	text, err := hostfile.Read(filepath.Join(dir, "defaults", hex.EncodeToString(sum[:])[:20]), maxSmallFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

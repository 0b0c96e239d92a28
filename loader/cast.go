package loader

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/interpolation"
	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
)

// casts is a trie of the paths whose strings stand for numbers and booleans.
// "*" is any key, "[]" any list item.
type casts struct {
	next   map[string]*casts
	cast   interpolation.Cast
	wanted string
}

// newCasts takes compose-go's table and adds the booleans that compose-go
// casts while decoding, where a diagnostic would have no place.
func newCasts() *casts {
	root := &casts{}
	options := compose.ToOptions(&types.ConfigDetails{}, nil)
	for pattern, cast := range options.Interpolate.TypeCastMapping {
		leaf := root.add(pattern)
		leaf.cast = cast
		leaf.wanted = "a number"
		if v, err := cast("true"); err == nil && v == true {
			leaf.asBool()
		} else if _, err := cast("1.5"); err != nil {
			leaf.wanted = "an integer"
		}
	}
	for _, pattern := range []tree.Path{
		"services.*.attach", "services.*.use_api_socket", "services.*.build.no_cache", "services.*.build.pull",
		"services.*.build.privileged", "services.*.env_file.[].required", "services.*.volumes.[].bind.create_host_path",
		"services.*.pre_start.[].privileged", "services.*.pre_start.[].per_replica", "services.*.post_start.[].privileged",
		"services.*.pre_stop.[].privileged", "services.*.develop.watch.[].initial_sync",
		"services.*.develop.watch.[].exec.privileged",
	} {
		root.add(pattern).asBool()
	}
	for _, pattern := range []tree.Path{"services.*.build.ulimits.*", "services.*.build.ulimits.*.soft", "services.*.build.ulimits.*.hard"} {
		leaf := root.add(pattern)
		leaf.wanted, leaf.cast = "an integer", func(s string) (any, error) { return strconv.Atoi(s) }
	}
	for _, pattern := range []tree.Path{"services.*.cpu_rt_period", "services.*.cpu_rt_runtime"} {
		leaf := root.add(pattern)
		leaf.wanted, leaf.cast = "microseconds or a duration", parseMicroseconds
	}
	return root
}

func (c *casts) add(pattern tree.Path) *casts {
	for _, elem := range pattern.Parts() {
		if c.next == nil {
			c.next = map[string]*casts{}
		}
		if c.next[elem] == nil {
			c.next[elem] = &casts{}
		}
		c = c.next[elem]
	}
	return c
}

func (c *casts) asBool() {
	c.wanted = "true or false"
	c.cast = func(s string) (any, error) {
		b, _, err := parseYAMLBool(s)
		return b, err
	}
}

// child follows a key or "[]"; it may be called on nil and return nil.
func (c *casts) child(elem string) *casts {
	if c == nil {
		return nil
	}
	if n := c.next[elem]; n != nil || elem == "[]" {
		return n
	}
	return c.next["*"]
}

var errNotMicroseconds = errors.New("not a number of microseconds")

// parseMicroseconds reads microseconds, or a duration that is a whole number of
// them, as the specification has it and compose-go does not.
func parseMicroseconds(s string) (any, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d%time.Microsecond != 0 {
		return nil, errNotMicroseconds
	}
	return d.Microseconds(), nil
}

var errNotBool = errors.New("not a boolean")

// parseYAMLBool reads the booleans of YAML 1.2 and, reported by old, those of
// YAML 1.1.
func parseYAMLBool(s string) (value, old bool, err error) {
	switch strings.ToLower(s) {
	case "true":
		return true, false, nil
	case "false":
		return false, false, nil
	case "y", "yes", "on":
		return true, true, nil
	case "n", "no", "off":
		return false, true, nil
	}
	return false, false, errNotBool
}

package loader

import (
	"math"
	"time"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
)

// casts is a trie of the paths whose scalars stand for numbers and booleans.
// "*" is any key, "[]" any list item.
type casts struct {
	next map[string]*casts
	kind quantity
}

// newCasts takes the booleans of compose-go's table and adds those that it
// casts while decoding, where a diagnostic would have no place, and all numbers.
func newCasts(replicas int) *casts {
	root := &casts{}
	options := compose.ToOptions(&types.ConfigDetails{}, nil)
	for pattern, cast := range options.Interpolate.TypeCastMapping {
		if v, err := cast("true"); err == nil && v == true {
			root.add(pattern).kind = boolean{}
		}
	}
	for _, pattern := range []tree.Path{
		"services.*.attach", "services.*.use_api_socket", "services.*.build.no_cache", "services.*.build.pull",
		"services.*.build.privileged", "services.*.env_file.[].required", "services.*.volumes.[].bind.create_host_path",
		"services.*.pre_start.[].privileged", "services.*.pre_start.[].per_replica", "services.*.post_start.[].privileged",
		"services.*.pre_stop.[].privileged", "services.*.develop.watch.[].initial_sync",
		"services.*.develop.watch.[].exec.privileged",
	} {
		root.add(pattern).kind = boolean{}
	}
	for pattern, kind := range quantities(replicas) {
		root.add(tree.Path(pattern)).kind = kind
	}
	return root
}

// quantities are the attributes that take numbers, with what they can hold.
// Where the engine keeps 32 bits, more would arrive as another number.
func quantities(replicas int) map[string]quantity {
	const most = math.MaxInt64
	all := map[string]quantity{}
	add := func(kind quantity, patterns ...string) {
		for _, pattern := range patterns {
			all[pattern] = kind
		}
	}
	const s, deploy = "services.*.", "services.*.deploy."
	add(integer{0, most, ""}, s+"cpu_count", s+"cpu_shares", s+"cpu_period", deploy+"update_config.parallelism", deploy+"rollback_config.parallelism",
		deploy+"placement.max_replicas_per_node", deploy+"resources.*.generic_resources.[].discrete_resource_spec.value", "models.*.context_size")
	add(integer{-1, most, ""}, s+"cpu_quota", s+"pids_limit", deploy+"resources.*.pids")
	add(integer{0, math.MaxInt32, ""}, s+"healthcheck.retries", deploy+"restart_policy.max_attempts")
	add(integer{0, int64(replicas), ""}, s+"scale", deploy+"replicas")
	add(integer{-1000, 1000, ""}, s+"oom_score_adj")
	add(integer{math.MinInt32, math.MaxInt32, ""}, s+"networks.*.priority", s+"networks.*.gw_priority")
	add(integer{-1, most, ""}, s+"ulimits.*", s+"ulimits.*.soft", s+"ulimits.*.hard", s+"build.ulimits.*", s+"build.ulimits.*.soft", s+"build.ulimits.*.hard")
	add(integer{-1, math.MaxInt32, "all"}, s+"gpus.[].count", deploy+"resources.*.devices.[].count")
	add(integer{0, 1000, ""}, s+"blkio_config.weight", s+"blkio_config.weight_device.[].weight")
	add(integer{1, maxPort, ""}, s+"ports.[].target")
	add(wholeOrText{"a port or a range of ports", 1, maxPort}, s+"ports.[]", s+"ports.[].published", s+"expose.[]")
	add(wholeOrText{"a group's name or number", 0, math.MaxUint32}, s+"group_add.[]")
	add(microseconds{}, s+"cpu_rt_period", s+"cpu_rt_runtime")
	add(fraction{0, 1e6}, s+"cpus", deploy+"resources.*.cpus")
	add(fraction{0, 100}, s+"cpu_percent")
	add(fraction{0, 1}, deploy+"update_config.max_failure_ratio", deploy+"rollback_config.max_failure_ratio")
	add(size{0}, s+"mem_limit", s+"mem_reservation", s+"shm_size", s+"build.shm_size", s+"volumes.[].tmpfs.size", deploy+"resources.*.memory",
		s+"blkio_config.device_read_bps.[].rate", s+"blkio_config.device_write_bps.[].rate",
		s+"blkio_config.device_read_iops.[].rate", s+"blkio_config.device_write_iops.[].rate")
	add(size{-1}, s+"memswap_limit")
	add(integer{-1, 100, ""}, s+"mem_swappiness")
	add(mode{}, s+"configs.[].mode", s+"secrets.[].mode", s+"build.secrets.[].mode", s+"volumes.[].tmpfs.mode")
	add(span{}, s+"stop_grace_period", deploy+"restart_policy.delay", deploy+"restart_policy.window",
		deploy+"update_config.delay", deploy+"update_config.monitor", deploy+"rollback_config.delay", deploy+"rollback_config.monitor")
	add(span{min: time.Millisecond}, s+"healthcheck.interval", s+"healthcheck.timeout", s+"healthcheck.start_period", s+"healthcheck.start_interval")
	return all
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

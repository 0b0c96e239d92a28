package quantity

import (
	"math"
	"time"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
)

// Casts is a trie of the paths whose scalars stand for numbers and booleans.
// "*" is any key, "[]" any list item.
type Casts struct {
	next map[string]*Casts
	Kind Quantity
}

// New takes the booleans of compose-go's table and adds those that it
// casts while decoding, where a diagnostic would have no place, and all numbers.
func New(replicas int) *Casts {
	root := &Casts{}
	options := compose.ToOptions(&types.ConfigDetails{}, nil)
	for pattern, cast := range options.Interpolate.TypeCastMapping {
		if v, err := cast("true"); err == nil && v == true {
			root.add(pattern).Kind = boolean{}
		}
	}
	for _, pattern := range []tree.Path{
		"services.*.attach", "services.*.use_api_socket", "services.*.build.no_cache", "services.*.build.pull",
		"services.*.build.privileged", "services.*.env_file.[].required", "services.*.volumes.[].bind.create_host_path",
		"services.*.pre_start.[].privileged", "services.*.pre_start.[].per_replica", "services.*.post_start.[].privileged",
		"services.*.pre_stop.[].privileged", "services.*.develop.watch.[].initial_sync",
		"services.*.develop.watch.[].exec.privileged",
	} {
		root.add(pattern).Kind = boolean{}
	}
	for pattern, kind := range All(replicas) {
		root.add(tree.Path(pattern)).Kind = kind
	}
	return root
}

// All are the attributes that take numbers, with what they can hold.
// Where the engine keeps 32 bits, more would arrive as another number.
func All(replicas int) map[string]Quantity {
	const most = math.MaxInt64
	all := map[string]Quantity{}
	add := func(kind Quantity, patterns ...string) {
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
	add(integer{1, MaxPort, ""}, s+"ports.[].target")
	add(WholeOrText{"a port or a range of ports", 1, MaxPort}, s+"ports.[]", s+"ports.[].published", s+"expose.[]")
	add(WholeOrText{"a group's name or number", 0, math.MaxUint32}, s+"group_add.[]")
	add(microseconds{}, s+"cpu_rt_period", s+"cpu_rt_runtime")
	add(fraction{0, 1e6}, s+"cpus", deploy+"resources.*.cpus")
	add(fraction{0, 100}, s+"cpu_percent")
	add(fraction{0, 1}, deploy+"update_config.max_failure_ratio", deploy+"rollback_config.max_failure_ratio")
	add(Size{0}, s+"mem_limit", s+"mem_reservation", s+"shm_size", s+"build.shm_size", s+"volumes.[].tmpfs.size", deploy+"resources.*.memory",
		s+"blkio_config.device_read_bps.[].rate", s+"blkio_config.device_write_bps.[].rate",
		s+"blkio_config.device_read_iops.[].rate", s+"blkio_config.device_write_iops.[].rate")
	add(Size{-1}, s+"memswap_limit")
	add(integer{-1, 100, ""}, s+"mem_swappiness")
	add(Mode{}, s+"configs.[].mode", s+"secrets.[].mode", s+"build.secrets.[].mode", s+"volumes.[].tmpfs.mode")
	add(Span{}, s+"stop_grace_period", deploy+"restart_policy.delay", deploy+"restart_policy.window",
		deploy+"update_config.delay", deploy+"update_config.monitor", deploy+"rollback_config.delay", deploy+"rollback_config.monitor")
	add(Span{min: time.Millisecond}, s+"healthcheck.interval", s+"healthcheck.timeout", s+"healthcheck.start_period", s+"healthcheck.start_interval")
	return all
}

func (c *Casts) add(pattern tree.Path) *Casts {
	for _, elem := range pattern.Parts() {
		if c.next == nil {
			c.next = map[string]*Casts{}
		}
		if c.next[elem] == nil {
			c.next[elem] = &Casts{}
		}
		c = c.next[elem]
	}
	return c
}

// Child follows a key or "[]"; it may be called on nil and return nil.
func (c *Casts) Child(elem string) *Casts {
	if c == nil {
		return nil
	}
	if n := c.next[elem]; n != nil || elem == "[]" {
		return n
	}
	return c.next["*"]
}

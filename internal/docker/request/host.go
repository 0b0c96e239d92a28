package request

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
)

// host translates how the container is run: namespaces, limits, mounts.
func (t Translation) host() (*container.HostConfig, error) {
	s := t.spec
	h := &container.HostConfig{
		AutoRemove:     t.in.AutoRemove,
		VolumesFrom:    s.VolumesFrom,
		CapAdd:         s.CapAdd,
		CapDrop:        s.CapDrop,
		CgroupnsMode:   container.CgroupnsMode(s.Cgroup),
		DNS:            s.DNS,
		DNSOptions:     s.DNSOpts,
		DNSSearch:      s.DNSSearch,
		ExtraHosts:     slices.Sorted(slices.Values(s.ExtraHosts.AsList(":"))),
		GroupAdd:       s.GroupAdd,
		IpcMode:        container.IpcMode(s.Ipc),
		OomScoreAdj:    int(s.OomScoreAdj),
		PidMode:        container.PidMode(s.Pid),
		Privileged:     s.Privileged,
		ReadonlyRootfs: s.ReadOnly,
		StorageOpt:     s.StorageOpt,
		Tmpfs:          tmpfs(s.Tmpfs),
		UTSMode:        container.UTSMode(s.Uts),
		UsernsMode:     container.UsernsMode(s.UserNSMode),
		ShmSize:        int64(s.ShmSize),
		Sysctls:        s.Sysctls,
		Runtime:        s.Runtime,
		Isolation:      container.Isolation(s.Isolation),
		Init:           s.Init,
		Resources:      t.resources(),
	}
	for _, shared := range []struct{ key, value string }{{"uts", s.Uts}, {"cgroup", s.Cgroup}} {
		if strings.HasPrefix(shared.value, types.ServicePrefix) {
			return nil, t.invalid(shared.key, fmt.Errorf("%s: engines cannot share this namespace between containers", shared.value))
		}
	}
	if t.atLeast("1.43") {
		h.Annotations = s.Annotations
	}
	if s.Logging != nil {
		h.LogConfig = container.LogConfig{Type: s.Logging.Driver, Config: s.Logging.Options}
	}
	var err error
	if h.RestartPolicy, err = t.restartPolicy(); err != nil {
		return nil, err
	}
	if h.AutoRemove { // the engine refuses both
		h.RestartPolicy = container.RestartPolicy{Name: container.RestartPolicyDisabled}
	}
	if h.PortBindings, err = t.published(); err != nil {
		return nil, err
	}
	if err := t.security(h); err != nil {
		return nil, err
	}
	if err := t.mounts(h); err != nil {
		return nil, err
	}
	return h, nil
}

// tmpfs are the mounts of the short list: "/run" or "/run:size=64m,mode=1777".
func tmpfs(list []string) map[string]string {
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]string, len(list))
	for _, entry := range list {
		path, options, _ := strings.Cut(entry, ":")
		m[path] = options
	}
	return m
}

// resources translates limits; those of deploy.resources win.
func (t Translation) resources() container.Resources {
	s := t.spec
	r := container.Resources{
		CPUShares:          s.CPUShares,
		Memory:             int64(s.MemLimit),
		NanoCPUs:           nanoCPUs(s.CPUS),
		CgroupParent:       s.CgroupParent,
		CPUPeriod:          s.CPUPeriod,
		CPUQuota:           s.CPUQuota,
		CPURealtimePeriod:  s.CPURTPeriod,
		CPURealtimeRuntime: s.CPURTRuntime,
		CpusetCpus:         s.CPUSet,
		DeviceCgroupRules:  s.DeviceCgroupRules,
		MemoryReservation:  int64(s.MemReservation),
		MemorySwap:         int64(s.MemSwapLimit),
		Ulimits:            ulimits(s.Ulimits),
		CPUCount:           s.CPUCount,
		CPUPercent:         int64(s.CPUPercent),
	}
	if s.MemSwappiness != 0 || t.explicit("mem_swappiness") { // zero keeps the container out of swap
		swappiness := int64(s.MemSwappiness)
		r.MemorySwappiness = &swappiness
	}
	if s.OomKillDisable {
		r.OomKillDisable = &s.OomKillDisable
	}
	if s.PidsLimit != 0 {
		r.PidsLimit = &s.PidsLimit
	}
	if s.BlkioConfig != nil {
		blkio(&r, s.BlkioConfig)
	}
	t.deployResources(&r)
	t.devices(&r)
	return r
}

func (t Translation) deployResources(r *container.Resources) {
	if t.spec.Deploy == nil {
		return
	}
	if l := t.spec.Deploy.Resources.Limits; l != nil {
		r.NanoCPUs = cmp.Or(nanoCPUs(l.NanoCPUs.Value()), r.NanoCPUs)
		r.Memory = cmp.Or(int64(l.MemoryBytes), r.Memory)
		if l.Pids != 0 {
			r.PidsLimit = &l.Pids
		}
	}
	if v := t.spec.Deploy.Resources.Reservations; v != nil {
		r.MemoryReservation = cmp.Or(int64(v.MemoryBytes), r.MemoryReservation)
	}
}

// nanoCPUs converts what a person wrote, not its nearest binary fraction: 0.1
// is 100000000.
func nanoCPUs(cpus float32) int64 {
	v, ok := new(big.Rat).SetString(strconv.FormatFloat(float64(cpus), 'f', -1, 32))
	if !ok { // not a number
		return 0
	}
	v.Mul(v, big.NewRat(1e9, 1))
	return new(big.Int).Quo(v.Num(), v.Denom()).Int64()
}

func ulimits(limits map[string]*types.UlimitsConfig) []*container.Ulimit {
	var list []*container.Ulimit
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		l := limits[name]
		if l == nil {
			continue
		}
		u := &container.Ulimit{Name: name, Soft: int64(l.Soft), Hard: int64(l.Hard)}
		if l.Single != 0 {
			u.Soft, u.Hard = int64(l.Single), int64(l.Single)
		}
		list = append(list, u)
	}
	return list
}

func blkio(r *container.Resources, c *types.BlkioConfig) {
	r.BlkioWeight = c.Weight
	for _, d := range c.WeightDevice {
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, &blkiodev.WeightDevice{Path: d.Path, Weight: d.Weight})
	}
	r.BlkioDeviceReadBps = throttles(c.DeviceReadBps)
	r.BlkioDeviceReadIOps = throttles(c.DeviceReadIOps)
	r.BlkioDeviceWriteBps = throttles(c.DeviceWriteBps)
	r.BlkioDeviceWriteIOps = throttles(c.DeviceWriteIOps)
}

func throttles(devices []types.ThrottleDevice) []*blkiodev.ThrottleDevice {
	var list []*blkiodev.ThrottleDevice
	for _, d := range devices {
		list = append(list, &blkiodev.ThrottleDevice{Path: d.Path, Rate: uint64(max(0, d.Rate))})
	}
	return list
}

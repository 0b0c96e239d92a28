package project

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

func busybox() types.ServiceConfig {
	return types.ServiceConfig{Name: "web", Image: "busybox", Networks: map[string]*types.ServiceNetworkConfig{"default": nil}}
}

func sum(text string) Fingerprint {
	h := sha256.Sum256([]byte(text))
	return Fingerprint(hex.EncodeToString(h[:]))
}

// TestHashVectors holds the hashes to values that Docker Compose v5 wrote.
func TestHashVectors(t *testing.T) {
	withCommand := busybox()
	withCommand.Command = types.ShellCommand{"sleep", "100"}
	for _, c := range []struct {
		name string
		hash func() (Fingerprint, error)
		want Fingerprint
	}{
		{"service", func() (Fingerprint, error) { return serviceHash(busybox()) }, "2afd7866203dca40993313263173003833e9de9c3ad83f2f59484e32a5605234"},
		{"command", func() (Fingerprint, error) { return serviceHash(withCommand) }, "32a54e5939835da9c769b5bf44c1e1eb1cdaf8d31b2a579efd4c28849dce2610"},
		{"network", func() (Fingerprint, error) { return networkHash(types.NetworkConfig{Name: "fx1_back"}) }, "07039e35c0e5c93aae3d635d7b617fbc46ef858708c59915842b875c83e06d51"},
		{"volume", func() (Fingerprint, error) { return volumeHash(types.VolumeConfig{Name: "fx1_data"}) }, "9a3e44df1acd6569971bab1905fb8288b2923d6d997bbed378513dbbb15183ba"},
		{"volume driver", func() (Fingerprint, error) {
			return volumeHash(types.VolumeConfig{Name: "fx1_data", Driver: "local"})
		}, "9a3e44df1acd6569971bab1905fb8288b2923d6d997bbed378513dbbb15183ba"},
	} {
		got, err := c.hash()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got != c.want {
			t.Errorf("%s: hash %s, want %s", c.name, got, c.want)
		}
	}
}

// TestHashShapes spells out the JSON that is hashed.
func TestHashShapes(t *testing.T) {
	const head, tail = `{`, `,"image":"busybox","networks":{"default":null}}`
	second := types.Duration(90 * time.Second)
	mode := types.FileMode(0o440)
	two := 2
	value := "a<b>&c"
	for _, c := range []struct {
		name string
		set  func(*types.ServiceConfig)
		want string
	}{
		{"cleared command", func(s *types.ServiceConfig) { s.Command = types.ShellCommand{} },
			`{"command":[],"entrypoint":null,"image":"busybox","networks":{"default":null}}`},
		{"escapes and nulls", func(s *types.ServiceConfig) {
			s.Environment = types.MappingWithEquals{"B": nil, "A": &value}
		}, head + `"command":null,"entrypoint":null,"environment":{"A":"a\u003cb\u003e\u0026c","B":null}` + tail},
		{"sizes", func(s *types.ServiceConfig) { s.MemLimit, s.ShmSize = 1<<30, 64<<20 },
			`{"command":null,"entrypoint":null,"image":"busybox","mem_limit":"1073741824","networks":{"default":null},"shm_size":"67108864"}`},
		{"durations", func(s *types.ServiceConfig) { s.StopGracePeriod = &second },
			`{"command":null,"entrypoint":null,"image":"busybox","networks":{"default":null},"stop_grace_period":"1m30s"}`},
		{"extra hosts", func(s *types.ServiceConfig) {
			s.ExtraHosts = types.HostsList{"b": {"2.2.2.2"}, "a": {"::1", "1.1.1.1"}}
		}, head + `"command":null,"entrypoint":null,"extra_hosts":["a=1.1.1.1","a=::1","b=2.2.2.2"]` + tail},
		{"ulimits", func(s *types.ServiceConfig) {
			s.Ulimits = map[string]*types.UlimitsConfig{"nproc": {Single: 5}, "nofile": {Soft: 1, Hard: 2}}
		}, `{"command":null,"entrypoint":null,"image":"busybox","networks":{"default":null},"ulimits":{"nofile":{"soft":1,"hard":2},"nproc":5}}`},
		{"ports", func(s *types.ServiceConfig) {
			s.Ports = []types.ServicePortConfig{{Mode: "ingress", HostIP: "127.0.0.1", Target: 80, Published: "8080", Protocol: "tcp"}}
		}, `{"command":null,"entrypoint":null,"image":"busybox","networks":{"default":null},"ports":[{"mode":"ingress","host_ip":"127.0.0.1","target":80,"published":"8080","protocol":"tcp"}]}`},
		{"secrets and configs", func(s *types.ServiceConfig) {
			s.Configs = []types.ServiceConfigObjConfig{{Source: "c", Mode: &mode}}
			s.Secrets = []types.ServiceSecretConfig{{Source: "s", Target: "/run/secrets/s"}}
		}, `{"command":null,"configs":[{"source":"c","mode":"0440"}],"entrypoint":null,"image":"busybox","networks":{"default":null},"secrets":[{"source":"s","target":"/run/secrets/s"}]}`},
		{"mounts", func(s *types.ServiceConfig) {
			s.Volumes = []types.ServiceVolumeConfig{
				{Type: "bind", Source: "/a", Target: "/b", Bind: &types.ServiceVolumeBind{CreateHostPath: true}},
				{Type: "bind", Source: "/c", Target: "/d", ReadOnly: true, Bind: &types.ServiceVolumeBind{}},
				{Type: "volume", Source: "v", Target: "/v", Volume: &types.ServiceVolumeVolume{}},
			}
		}, `{"command":null,"entrypoint":null,"image":"busybox","networks":{"default":null},"volumes":[{"type":"bind","source":"/a","target":"/b","bind":{}},` +
			`{"type":"bind","source":"/c","target":"/d","read_only":true,"bind":{"create_host_path":false}},{"type":"volume","source":"v","target":"/v","volume":{}}]}`},
		{"devices", func(s *types.ServiceConfig) {
			s.Devices = []types.DeviceMapping{{Source: "/dev/a", Target: "/dev/b", Permissions: "rwm"}}
			s.Gpus = []types.DeviceRequest{{Count: -1}}
		}, head + `"command":null,"devices":[{"source":"/dev/a","target":"/dev/b","permissions":"rwm"}],"entrypoint":null,"gpus":[{"count":-1}]` + tail},
		{"deploy", func(s *types.ServiceConfig) { s.Deploy = &types.DeployConfig{Replicas: &two} },
			head + `"command":null,"deploy":{"resources":{},"placement":{}},"entrypoint":null` + tail},
		{"left out", func(s *types.ServiceConfig) {
			s.Build = &types.BuildConfig{Context: "."}
			s.PullPolicy, s.Scale, s.Profiles = "always", &two, []string{"dev"}
			s.DependsOn = types.DependsOnConfig{"db": {Condition: "service_started"}}
			s.CustomLabels = types.Labels{"a": "b"}
			s.Extensions = types.Extensions{"x-a": 1}
		}, `{"command":null,"entrypoint":null,"image":"busybox","networks":{"default":null}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := busybox()
			c.set(&s)
			got, err := serviceHash(s)
			if err != nil {
				t.Fatal(err)
			}
			if got != sum(c.want) {
				t.Errorf("the hash is not that of %s", c.want)
			}
		})
	}
}

// TestHashKeepsItsArgument makes sure that leaving attributes out of the hash
// does not take them from the caller.
func TestHashKeepsItsArgument(t *testing.T) {
	two := 2
	s := busybox()
	s.Deploy = &types.DeployConfig{Replicas: &two}
	if _, err := serviceHash(s); err != nil {
		t.Fatal(err)
	}
	if s.Deploy.Replicas != &two {
		t.Error("the replicas are gone")
	}
}

func TestNetworkAndVolumeShapes(t *testing.T) {
	yes := true
	network := types.NetworkConfig{
		Name: "n", Driver: "bridge", DriverOpts: types.Options{"o": "1"}, Internal: true, Attachable: true, EnableIPv6: &yes, Labels: types.Labels{"a": "b"},
		Ipam: types.IPAMConfig{Driver: "default", Config: []*types.IPAMPool{{Subnet: "10.0.0.0/8", Gateway: "10.0.0.1", IPRange: "10.1.0.0/16", AuxiliaryAddresses: types.Mapping{"h": "10.0.0.5"}}}},
	}
	got, err := networkHash(network)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"n","driver":"bridge","driver_opts":{"o":"1"},"ipam":{"driver":"default","config":[{"subnet":"10.0.0.0/8","gateway":"10.0.0.1","ip_range":"10.1.0.0/16","aux_addresses":{"h":"10.0.0.5"}}]},"internal":true,"attachable":true,"labels":{"a":"b"},"enable_ipv6":true}`
	if got != sum(want) {
		t.Errorf("the network's hash is not that of %s", want)
	}
	volume, err := volumeHash(types.VolumeConfig{Name: "v", Driver: "nfs", DriverOpts: types.Options{"share": "x"}, External: true, Labels: types.Labels{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	const wantVolume = `{"name":"v","driver":"nfs","driver_opts":{"share":"x"},"external":true,"labels":{"a":"b"}}`
	if volume != sum(wantVolume) {
		t.Errorf("the volume's hash is not that of %s", wantVolume)
	}
}

// TestHashResolved replaces references to services by containers before hashing.
func TestHashResolved(t *testing.T) {
	spec := busybox()
	spec.Networks = nil
	spec.NetworkMode, spec.Pid, spec.Ipc = "service:db", "service:db", "service:gone"
	spec.VolumesFrom = []string{"db:ro", "container:other", "gone"}
	s := &Service{Name: "web", Spec: spec, Namespaces: namespaces(spec)}
	got, err := s.HashResolved(map[string]string{"db": "abc"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"command":null,"entrypoint":null,"image":"busybox","ipc":"service:gone","network_mode":"container:abc","pid":"container:abc","volumes_from":["abc","other","gone"]}`
	if got != sum(want) {
		t.Errorf("the hash is not that of %s", want)
	}
	if s.Spec.VolumesFrom[0] != "db:ro" || s.Spec.NetworkMode != "service:db" {
		t.Error("resolving changed the service")
	}
	if created := s.Resolved(map[string]string{"db": "abc"}).VolumesFrom[0]; created != "abc:ro" {
		t.Errorf("the container is created with volumes from %q, want abc:ro", created)
	}
	plain := &Service{Name: "web", Spec: busybox(), Hash: "known"}
	if got, err := plain.HashResolved(nil); err != nil || got != "known" {
		t.Errorf("a service without references hashes to %q, %v", got, err)
	}
}

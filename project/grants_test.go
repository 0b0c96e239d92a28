package project_test

import (
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// TestGrants: each way to a power over the host is found, and what is none is not.
func TestGrants(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*types.ServiceConfig)
		want   []string
	}{
		{"nothing", func(s *types.ServiceConfig) {}, nil},
		{"privileged", func(s *types.ServiceConfig) { s.Privileged = true }, []string{"privileged: privileged"}},
		{"build", func(s *types.ServiceConfig) {
			s.Build = &types.BuildConfig{Context: ".", Privileged: true, Network: "host"}
		}, []string{"privileged: a privileged build", "hostnet: the host's network for its build"}},
		{"entitlements", func(s *types.ServiceConfig) {
			s.Build = &types.BuildConfig{Context: ".", Entitlements: []string{"network.host", "security.insecure"}}
		}, []string{"privileged: a privileged build", "hostnet: the host's network for its build"}},
		{"hooks", func(s *types.ServiceConfig) {
			s.PostStart = []types.ServiceHook{{Command: []string{"a"}, Privileged: true}}
			s.PreStop = []types.ServiceHook{{Command: []string{"a"}}}
		}, []string{"privileged: a privileged hook"}},
		{"capabilities", func(s *types.ServiceConfig) {
			s.CapAdd, s.CapDrop = []string{"SYS_ADMIN", "NET_ADMIN"}, []string{"ALL"}
		},
			[]string{"cap-add: capability SYS_ADMIN", "cap-add: capability NET_ADMIN"}},
		{"unconfined", func(s *types.ServiceConfig) {
			s.SecurityOpt = []string{"seccomp:unconfined", "apparmor=unconfined", "label=disable", "systempaths=unconfined"}
		}, []string{"unconfined: security_opt seccomp:unconfined", "unconfined: security_opt apparmor=unconfined", "unconfined: security_opt label=disable", "unconfined: security_opt systempaths=unconfined"}},
		{"confined", func(s *types.ServiceConfig) {
			s.SecurityOpt = []string{"no-new-privileges:true", "label=type:svirt", "seccomp=profile.json"}
		}, nil},
		{"host network", func(s *types.ServiceConfig) { s.NetworkMode = "host" }, []string{"hostnet: the host's network"}},
		{"namespaces", func(s *types.ServiceConfig) {
			s.Pid, s.Ipc, s.UserNSMode, s.Uts, s.Cgroup = "host", "host", "host", "host", "host"
		}, []string{"hostns: the namespace of the host's processes", "hostns: the namespace of the host's shared memory",
			"hostns: the namespace of the host's users", "hostns: the namespace of the host's names", "hostns: the namespace of the host's control groups"}},
		{"shared and private namespaces", func(s *types.ServiceConfig) { s.Ipc, s.Cgroup = "shareable", "private" }, nil},
		{"devices", func(s *types.ServiceConfig) {
			s.Devices = []types.DeviceMapping{{Source: "/dev/fuse", Target: "/dev/fuse"}}
			s.DeviceCgroupRules = []string{"c 1:3 mr"}
			s.Gpus = []types.DeviceRequest{{Driver: "nvidia"}}
		}, []string{"device: device /dev/fuse", "device: devices c 1:3 mr", "device: graphics processors"}},
		{"reserved", func(s *types.ServiceConfig) {
			s.Deploy = &types.DeployConfig{Resources: types.Resources{Reservations: &types.Resource{Devices: []types.DeviceRequest{{Driver: "nvidia"}}}}}
		}, []string{"device: reserved devices"}},
		{"binds", func(s *types.ServiceConfig) {
			s.Volumes = []types.ServiceVolumeConfig{
				{Type: "bind", Source: "/app/src"}, {Type: "bind", Source: "/application"}, {Type: "bind", Source: "/app"},
				{Type: "volume", Source: "data"}, {Type: "volume"}, {Type: "tmpfs"}, {Type: "bind", Source: "/var/run/docker.sock"},
			}
		}, []string{"bind-outside-project: /application, which is outside of the project's directory", "sock: the engine's socket /var/run/docker.sock",
			"bind-outside-project: /var/run/docker.sock, which is outside of the project's directory"}},
		{"socket", func(s *types.ServiceConfig) { s.UseAPISocket = true }, []string{"sock: the engine's socket"}},
		{"a volume that is a bind", func(s *types.ServiceConfig) {
			s.Volumes = []types.ServiceVolumeConfig{{Type: "volume", Source: "etc"}, {Type: "volume", Source: "nfs"}}
		}, []string{"bind-outside-project: /etc, which is outside of the project's directory"}},
		{"the host's network by another name", func(s *types.ServiceConfig) {
			s.Networks = map[string]*types.ServiceNetworkConfig{"outer": nil}
		}, []string{"hostnet: the host's network"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := stack(t, with("db", tt.change), func(p *types.Project) {
				p.Networks["outer"] = types.NetworkConfig{Name: "host", External: true}
				p.Volumes["etc"] = types.VolumeConfig{Name: "app_etc", Driver: "local", DriverOpts: types.Options{"type": "none", "o": "ro,bind", "device": "/etc"}}
				p.Volumes["nfs"] = types.VolumeConfig{Name: "app_nfs", DriverOpts: types.Options{"type": "nfs", "o": "addr=10.0.0.1", "device": ":/srv"}}
			})
			var got []string
			for _, g := range p.Grants() {
				if g.Service != "db" {
					t.Errorf("%s asks for %s", g.Service, g.What)
				}
				got = append(got, g.Kind+": "+g.What)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

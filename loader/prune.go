package loader

import (
	"maps"

	"github.com/compose-spec/compose-go/v2/types"
)

// withoutUnused is the project without resources that none of its services uses.
// Services are shared, not copied as by compose-go: of many that takes as much
// memory as all else.
func withoutUnused(p *types.Project) *types.Project {
	used := map[string]map[string]bool{}
	use := func(section, name string) {
		if used[section] == nil {
			used[section] = map[string]bool{}
		}
		used[section][name] = true
	}
	for _, s := range p.Services {
		for name := range s.Networks {
			use("networks", name)
		}
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeVolume {
				use("volumes", v.Source)
			}
		}
		for _, v := range s.Secrets {
			use("secrets", v.Source)
		}
		if s.Build != nil {
			for _, v := range s.Build.Secrets {
				use("secrets", v.Source)
			}
		}
		for _, v := range s.Configs {
			use("configs", v.Source)
		}
		for name := range s.Models {
			use("models", name)
		}
	}
	out := *p
	out.Networks = only(p.Networks, used["networks"])
	out.Volumes = only(p.Volumes, used["volumes"])
	out.Secrets = only(p.Secrets, used["secrets"])
	out.Configs = only(p.Configs, used["configs"])
	out.Models = only(p.Models, used["models"])
	return &out
}

func only[M ~map[string]V, V any](all M, names map[string]bool) M {
	out := make(M, len(names))
	maps.Copy(out, all)
	maps.DeleteFunc(out, func(name string, _ V) bool { return !names[name] })
	return out
}

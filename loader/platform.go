package loader

import (
	"fmt"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/rules"
	"github.com/musterdev/muster/project"
)

const defaultPlatform = "DOCKER_DEFAULT_PLATFORM"

// judgeDefaultPlatform adds, if the platform of the environment cannot be read,
// one problem to all services that take their image, or one they mount, for it.
func judgeDefaultPlatform(model *types.Project, services map[string][]project.Problem) {
	text := model.Environment[defaultPlatform]
	if text == "" || project.IsPlatform(text) {
		return
	}
	problem := project.Problem{
		Err:       &Error{Rule: "platform", Msg: fmt.Sprintf("environment variable %s: %q is not a platform", defaultPlatform, text), Hint: rules.PlatformFix, shown: true},
		Attribute: "platform", Shown: true, Order: -1, // it is said before what files say
	}
	for _, group := range []types.Services{model.Services, model.DisabledServices} {
		for name, spec := range group {
			if takesDefaultPlatform(spec) {
				problem.Service = name
				services[name] = append(services[name], problem)
			}
		}
	}
}

func takesDefaultPlatform(spec types.ServiceConfig) bool {
	return spec.Provider == nil && (spec.Platform == "" || slices.ContainsFunc(spec.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeImage
	}))
}

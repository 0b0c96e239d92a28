package loader

import (
	"context"
	"slices"

	"github.com/musterdev/muster/project"
)

// Profiles are the profiles that the project's services declare, active or
// not, sorted.
func Profiles(p *project.Project) []string {
	var profiles []string
	for _, s := range slices.Concat(p.Services, p.Disabled) {
		profiles = append(profiles, s.Spec.Profiles...)
	}
	slices.Sort(profiles)
	return slices.Compact(profiles)
}

// Images are the images that the selected services and their pre_start hooks
// run, in the order of the services, each once.
func Images(p *project.Project) []string {
	var images []string
	add := func(image string) {
		if image != "" && !slices.Contains(images, image) {
			images = append(images, image)
		}
	}
	for _, s := range p.Services {
		if !s.Provider {
			add(s.Image)
		}
	}
	for _, s := range p.Services {
		for _, h := range s.PreStart {
			add(h.Image)
		}
	}
	return images
}

// Models are the models of the project as they are pulled, sorted, each once.
func Models(p *project.Project) []string {
	var models []string
	for _, m := range p.Compose.Models {
		if m.Model != "" {
			models = append(models, m.Model)
		}
	}
	slices.Sort(models)
	return slices.Compact(models)
}

// VariableInfo is everything that is known about a variable of the files.
type VariableInfo struct {
	Name     string
	Default  string // of ${V:-d} or ${V-d}, as written
	Presence string // of ${V:+a} or ${V+a}, as written
	Required bool   // ${V:?e} or ${V?e}
	Uses     []project.Position
	// Set says that something gives it a value; Source is the file and line,
	// or zero for the process environment.
	Set    bool
	Source project.Position
	// Beaten are the other places that set it, in falling precedence.
	Beaten []project.Position
}

// Variables are the variables that the files use, sorted by name. Variables
// that are required and missing are no error here.
func Variables(ctx context.Context, in Input) ([]VariableInfo, error) {
	in.NoInterpolate = true
	r, err := assemble(ctx, in)
	if err == nil {
		err = r.loader.spoiltErr()
	}
	if err != nil {
		return nil, err
	}
	byName := map[string]*VariableInfo{}
	for _, v := range r.assembler.variables {
		info := byName[v.Name]
		if info == nil {
			info = &VariableInfo{Name: v.Name}
			byName[v.Name] = info
		}
		if info.Default == "" {
			info.Default = v.Default
		}
		if info.Presence == "" {
			info.Presence = v.Presence
		}
		info.Required = info.Required || v.Required
		info.Uses = append(info.Uses, v.Pos)
	}
	infos := make([]VariableInfo, 0, len(byName))
	for _, name := range sortedKeys(byName) {
		info := byName[name]
		slices.SortFunc(info.Uses, func(a, b project.Position) int { return comparePositions(r.loader.reports.order, a, b) })
		info.Uses = slices.Compact(info.Uses)
		_, info.Set = r.loader.env.Lookup(name)
		if places := r.loader.env.Origins[name]; len(places) > 0 {
			info.Source, info.Beaten = places[0], places[1:]
		}
		infos = append(infos, *info)
	}
	return infos, nil
}

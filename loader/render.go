package loader

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/project"
)

// Format is how a model is written.
type Format string

// The two formats.
const (
	YAML Format = "yaml"
	JSON Format = "json"
)

// RenderOptions are the choices of Render.
type RenderOptions struct {
	Format Format // empty is YAML
	// Mask hides the values of variables that come from env files, and what
	// looks secret. What is written then is for reading only.
	Mask bool
}

// Render writes the selected part of the project as a Compose file, and reports
// whether values are hidden in it. Dollar signs are doubled: reading the result
// gives the same project, and writing that gives the same bytes. It is written
// element by element: a large project is never in memory twice.
func Render(w io.Writer, p *project.Project, opt RenderOptions) (hidden bool, err error) {
	m := &masker{}
	if opt.Mask {
		m = newMasker(p)
	}
	zeros := newZeros(p)
	d := &document{format: opt.Format, fill: fillJSON, finish: func(n *yaml.Node) {
		zeros.keep(n)
		if opt.Mask {
			m.mask(n, nil)
		}
		doubleDollars(n)
	}}
	if err := d.write(w, modelEntries(p)); err != nil {
		return m.hidden, fmt.Errorf("write the model of %s: %w", p.Name, err)
	}
	return m.hidden, nil
}

// RenderRaw writes the merged files without decoding them, for models that
// cannot be decoded because their variables are kept, and reports whether
// values are hidden. Use it with Input.NoInterpolate. The error is that of Load.
func RenderRaw(ctx context.Context, w io.Writer, in Input, opt RenderOptions) (hidden bool, warnings []Warning, err error) {
	r, err := assemble(ctx, in)
	if err == nil {
		err = r.loader.rawErr()
	}
	if err != nil {
		return false, r.warned(), err
	}
	m := &masker{}
	d := &document{format: opt.Format, fill: func(string, map[string]any) {}, finish: func(n *yaml.Node) {
		keepTexts(n)
		if opt.Mask {
			m.mask(n, nil)
		}
	}}
	if err := d.write(w, mapEntries(r.part.model)); err != nil {
		return m.hidden, r.warned(), fmt.Errorf("write the model: %w", err)
	}
	return m.hidden, r.warned(), nil
}

// RawNames are the names of a section of the merged files (services, volumes,
// networks), sorted: what is known of models whose variables are kept. Of models
// it is what they are pulled by.
func RawNames(ctx context.Context, in Input, section string) ([]string, []Warning, error) {
	r, err := assemble(ctx, in)
	if err == nil {
		err = r.loader.spoiltErr()
	}
	if err != nil {
		return nil, r.warned(), err
	}
	elements, _ := r.part.model[section].(map[string]any)
	if section != "models" {
		return sortedKeys(elements), r.warned(), nil
	}
	var names []string
	for _, v := range elements {
		if model, ok := v.(map[string]any); ok && model["model"] != nil {
			names = append(names, fmt.Sprint(model["model"]))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), r.warned(), nil
}

// keepTexts writes what would be read back as something else as the text that
// it stands for.
func keepTexts(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		var at time.Time
		switch tag := n.ShortTag(); {
		case tag == "!!timestamp" && n.Decode(&at) == nil:
			*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: fmt.Sprint(at)}
		case n.Value == "-0" && tag != "!!str":
			*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: n.Value}
		}
	}
	for _, child := range n.Content {
		keepTexts(child)
	}
}

// fillJSON adds what Docker Compose always has in its JSON.
func fillJSON(section string, element map[string]any) {
	switch section {
	case "services":
		for _, key := range []string{"command", "entrypoint"} {
			if _, ok := element[key]; !ok {
				element[key] = nil
			}
		}
	case "networks":
		if element["ipam"] == nil {
			element["ipam"] = map[string]any{}
		}
	}
}

// selection is compose-go's model of the selected services and what they use.
// The services are as they were loaded: see renderable.
func selection(p *project.Project) *types.Project {
	if len(p.Services) == len(p.Compose.Services) {
		return p.Compose
	}
	model := *p.Compose
	model.Services = types.Services{}
	for _, s := range p.Services {
		model.Services[s.Name] = s.Spec
	}
	return withoutUnused(&model)
}

// renderable is the service without dependencies that are not part of the
// output, and with SSH keys in the form that can be read back.
func renderable(s *project.Service, p *project.Project) types.ServiceConfig {
	spec := s.Spec
	spec.DependsOn = maps.Clone(spec.DependsOn)
	maps.DeleteFunc(spec.DependsOn, func(name string, _ types.ServiceDependency) bool { return p.Service(name) == nil })
	if spec.Build == nil || len(spec.Build.SSH) == 0 {
		return spec
	}
	build := *spec.Build
	build.SSH = slices.Clone(build.SSH)
	for i, key := range build.SSH {
		if key.Path != "" {
			build.SSH[i] = types.SSHKey{ID: key.ID + "=" + key.Path}
		}
	}
	spec.Build = &build
	return spec
}

// doubleDollars escapes the values, which are interpolated when they are read
// back. Keys are not.
func doubleDollars(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		n.Value = strings.ReplaceAll(n.Value, "$", "$$")
	}
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			doubleDollars(child)
		}
	}
}

func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

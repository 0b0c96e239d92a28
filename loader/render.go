package loader

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	// looks secret. What is written then is for reading only, and it holds
	// Masked if anything is hidden.
	Mask bool
}

// Render writes the selected part of the project as a Compose file. Dollar
// signs are doubled: reading the result gives the same project, and writing
// that gives the same bytes.
func Render(p *project.Project, opt RenderOptions) ([]byte, error) {
	out, err := selection(p).MarshalYAML()
	if err != nil {
		return nil, fmt.Errorf("write the model of %s: %w", p.Name, err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("write the model of %s: %w", p.Name, err)
	}
	keepZeros(&doc, p)
	if opt.Mask {
		newMasker(p).mask(&doc, nil)
	}
	doubleDollars(&doc)
	out, err = encode(&doc, opt.Format, fillJSON)
	if err != nil {
		return nil, fmt.Errorf("write the model of %s: %w", p.Name, err)
	}
	return out, nil
}

// RenderRaw writes the merged files without decoding them, for models that
// cannot be decoded because their variables are kept. Use it with
// Input.NoInterpolate. The error is that of Load.
func RenderRaw(ctx context.Context, in Input, opt RenderOptions) ([]byte, []Warning, error) {
	r, err := assemble(ctx, in)
	if err == nil {
		err = r.session.err()
	}
	if err != nil {
		return nil, r.warned(), err
	}
	var doc yaml.Node
	if err := doc.Encode(r.part.model); err != nil {
		return nil, r.warned(), fmt.Errorf("write the model: %w", err)
	}
	keepTexts(&doc)
	if opt.Mask {
		(&masker{}).mask(&doc, nil)
	}
	out, err := encode(&doc, opt.Format, func(map[string]any) {})
	if err != nil {
		return nil, r.warned(), fmt.Errorf("write the model: %w", err)
	}
	return out, r.warned(), nil
}

// RawNames are the names of a section of the merged files (services, volumes,
// networks, models), sorted: what is known of models whose variables are kept.
func RawNames(ctx context.Context, in Input, section string) ([]string, []Warning, error) {
	r, err := assemble(ctx, in)
	if err == nil {
		err = r.session.err()
	}
	if err != nil {
		return nil, r.warned(), err
	}
	names, _ := r.part.model[section].(map[string]any)
	return sortedKeys(names), r.warned(), nil
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

func encode(doc *yaml.Node, format Format, fill func(map[string]any)) ([]byte, error) {
	var out bytes.Buffer
	if format != JSON {
		enc := yaml.NewEncoder(&out)
		enc.SetIndent(2)
		if err := enc.Encode(doc); err != nil {
			return nil, err
		}
		return out.Bytes(), enc.Close()
	}
	var model map[string]any
	if err := doc.Decode(&model); err != nil {
		return nil, err
	}
	fill(model)
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err := enc.Encode(model)
	return out.Bytes(), err
}

// fillJSON adds what Docker Compose always has in its JSON.
func fillJSON(model map[string]any) {
	services, _ := model["services"].(map[string]any)
	for _, s := range services {
		service, _ := s.(map[string]any)
		for _, key := range []string{"command", "entrypoint"} {
			if _, ok := service[key]; !ok && service != nil {
				service[key] = nil
			}
		}
	}
	networks, _ := model["networks"].(map[string]any)
	for _, n := range networks {
		if network, ok := n.(map[string]any); ok && network["ipam"] == nil {
			network["ipam"] = map[string]any{}
		}
	}
}

// selection is compose-go's model of the selected services and what they use.
func selection(p *project.Project) *types.Project {
	model := *p.Compose
	model.Services = types.Services{}
	for _, s := range p.Services {
		model.Services[s.Name] = renderable(s, p)
	}
	if len(p.Services) < len(p.Compose.Services) {
		return model.WithoutUnnecessaryResources()
	}
	return &model
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

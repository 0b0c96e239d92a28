package request

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

var update = flag.Bool("update", false, "rewrite golden files")

// oldest and newest are the ends of the range of engines.
const (
	oldest = "1.41"
	newest = "1.51"
)

// TestMapping holds the request of every attribute against testdata/mapping. A
// section NAME of a file is a Compose file whose service web is created; the
// sections after it are what is sent for it, its networks and its volumes, by API
// version where that differs, and the warnings. Only what differs from the request of a plain service is shown,
// as path: JSON; the plain one is shown as it differs from an empty request.
func TestMapping(t *testing.T) {
	files, err := filepath.Glob("testdata/mapping/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { testMappingFile(t, name) })
	}
}

func testMappingFile(t *testing.T, name string) {
	have, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := &txtar.Archive{Comment: have.Comment}
	for _, f := range have.Files {
		if strings.Contains(f.Name, " ") {
			continue // an expectation
		}
		want.Files = append(want.Files, f)
		old, recent := requestText(t, f, oldest), requestText(t, f, newest)
		if old == recent {
			want.Files = append(want.Files, txtar.File{Name: f.Name + " →", Data: []byte(old)})
			continue
		}
		want.Files = append(want.Files, txtar.File{Name: f.Name + " → " + oldest, Data: []byte(old)},
			txtar.File{Name: f.Name + " → " + newest, Data: []byte(recent)})
	}
	got := txtar.Format(want)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	expected := txtar.Format(have)
	if bytes.Equal(got, expected) {
		return
	}
	for i, f := range want.Files {
		if i >= len(have.Files) || have.Files[i].Name != f.Name || !bytes.Equal(have.Files[i].Data, f.Data) {
			t.Errorf("%s: section %q is now:\n%s", name, f.Name, f.Data)
		}
	}
	t.Error("run with -update and review the difference")
}

// load reads a Compose file as if it stood in /project.
func load(t *testing.T, text string) *project.Project {
	t.Helper()
	p, _ := loadWarned(t, text)
	return p
}

// loadWarned is load with what the loader warns of.
func loadWarned(t *testing.T, text string) (*project.Project, []loader.Warning) {
	t.Helper()
	p, warned, err := loader.Load(t.Context(), loader.Input{
		Files: []string{"-"}, Stdin: strings.NewReader(text), ProjectName: "demo", Dir: "/project", WorkingDir: "/project",
		Env: []string{"TOKEN=s3cret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, warned
}

func requestText(t *testing.T, f txtar.File, api string) string {
	t.Helper()
	p, warned := loadWarned(t, string(f.Data))
	var b strings.Builder
	for _, w := range warned {
		fmt.Fprintf(&b, "warning: %d:%d: %s: %s\n", w.Pos.Line, w.Pos.Column, w.Path, w.Msg)
	}
	return b.String() + projectRequest(t, f.Name, p, api)
}

// projectRequest is what an engine is asked for to create the service web; name
// is the section's.
func projectRequest(t *testing.T, name string, p *project.Project, api string) string {
	t.Helper()
	var b strings.Builder
	for _, w := range Unsupported(p, api, systemOf(name)) {
		fmt.Fprintf(&b, "warning: %d:%d: %s\n", w.Pos.Line, w.Pos.Column, w.Text)
	}
	translated := exampleTranslation(p, api)
	translated.OS = systemOf(name)
	r, err := translated.Create()
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
		return b.String()
	}
	base := flat(t, "", container.CreateRequest{Config: &container.Config{}, HostConfig: &container.HostConfig{}})
	if name != "plain" {
		plain, err := exampleTranslation(load(t, "services: {web: {image: nginx}}"), api).Create()
		if err != nil {
			t.Fatal(err)
		}
		base = flat(t, "", plain.CreateRequest)
	}
	b.WriteString(difference(base, flat(t, "", r.CreateRequest)))
	if r.Platform != nil {
		fmt.Fprintf(&b, "platform %s/%s/%s\n", r.Platform.OS, r.Platform.Architecture, r.Platform.Variant)
	}
	for _, c := range r.Connect {
		fmt.Fprintf(&b, "then connect to %s:\n%s", c.Network, difference(nil, flat(t, "", *c.Settings)))
	}
	return b.String() + objectRequests(t, p)
}

// systemOf is the operating system of the engine of a section.
func systemOf(name string) string {
	if strings.HasPrefix(name, "windows") {
		return "windows"
	}
	return "linux"
}

// objectRequests are the requests of the networks and volumes of a project, as
// far as they differ from those of one without attributes.
func objectRequests(t *testing.T, p *project.Project) string {
	t.Helper()
	var b strings.Builder
	request := func(kind, name string, bare, full any) {
		if bare == nil {
			fmt.Fprintf(&b, "%s %s is looked for, not created\n", kind, name)
		} else if diff := difference(flat(t, "", bare), flat(t, "", full)); diff != "" {
			fmt.Fprintf(&b, "%s %s:\n%s", kind, name, diff)
		}
	}
	for _, n := range p.Networks {
		if n.External {
			request("network", n.Name, nil, nil)
		} else {
			request("network", n.Name, Network(&project.Network{}, nil), Network(n, n.Spec.Labels))
		}
	}
	for _, v := range p.Volumes {
		if v.External {
			request("volume", v.Name, nil, nil)
		} else {
			request("volume", v.Name, Volume(&project.Volume{Name: v.Name}, nil), Volume(v, v.Spec.Labels))
		}
	}
	return b.String()
}

// exampleTranslation creates the service web, with what its x-test section
// names: inherited volumes and a one-off.
func exampleTranslation(p *project.Project, api string) Translation {
	web := p.Service("web")
	in := engine.CreateSpec{
		Project: p, Service: web, Name: p.ContainerName(web, 1), Number: 1,
		Refs: map[string]engine.Ref{"db": {ID: "0123456789ab", Name: "demo-db-1"}},
	}
	if x, ok := web.Spec.Extensions["x-test"].(map[string]any); ok {
		for _, v := range slices.Sorted(maps.Keys(x)) {
			switch v {
			case "oneoff":
				in.OneOff, in.Name = true, "demo-web-run-0123456789ab"
			case "hook":
				in.Service = web.ForHook(web.PreStart[x[v].(int)])
			case "aliases":
				in.UseAliases = true
			case "remove":
				in.AutoRemove = true
			case "unlinked":
				in.Unlinked = []string{x[v].(string)}
			case "restart":
				in.RestartPolicy = x[v].(string)
			case "signal":
				in.StopSignal = x[v].(string)
			default:
				in.Inherit = append(in.Inherit, engine.InheritedVolume{Volume: v, Target: x[v].(string), IfImageVolume: strings.HasPrefix(v, "image")})
			}
		}
	}
	t := New(in, api, "linux")
	t.Proxy = map[string]string{}
	t.ReadFile = func(string) ([]byte, error) { return []byte("{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n"), nil }
	t.Image = &image.InspectResponse{Config: &dockerspec.DockerOCIImageConfig{ImageConfig: ocispec.ImageConfig{
		Volumes: map[string]struct{}{"/var/lib/image": {}}, Entrypoint: []string{"/entry"}, Cmd: []string{"serve"},
	}}}
	return t
}

// flat writes a value as lines of path and JSON, without what an empty endpoint
// has too.
func flat(t *testing.T, prefix string, v any) map[string]string {
	t.Helper()
	lines := map[string]string{}
	switch v := decoded(t, v).(type) {
	case map[string]any:
		if _, endpoint := v["GwPriority"]; endpoint {
			maps.DeleteFunc(v, func(_ string, x any) bool { return x == nil || x == "" || x == 0.0 })
		}
		if len(v) == 0 {
			lines[prefix] = "{}"
		}
		for k, x := range v {
			maps.Copy(lines, flat(t, strings.TrimPrefix(prefix+"."+k, "."), x))
		}
	default:
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		lines[prefix] = string(b)
	}
	return lines
}

// difference is what v adds to base and takes from it.
func difference(base, v map[string]string) string {
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(v)) {
		if base[path] != v[path] {
			fmt.Fprintf(&b, "%s: %s\n", path, v[path])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(base)) {
		if _, kept := v[path]; !kept && base[path] != "{}" {
			fmt.Fprintf(&b, "without %s\n", path)
		}
	}
	return b.String()
}

func decoded(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

package project_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// stack is db ← api ← web, with a tool that no active profile covers.
func stack(t *testing.T, change ...func(*types.Project)) *project.Project {
	t.Helper()
	model := &types.Project{
		Name: "app", WorkingDir: "/app", Environment: types.Mapping{"TOKEN": "secret"},
		Services: types.Services{
			"db": {Name: "db", Image: "postgres"},
			"api": {Name: "api", Build: &types.BuildConfig{Context: "."}, DependsOn: types.DependsOnConfig{
				"db":   {Condition: "service_healthy", Required: true},
				"tool": {Condition: "service_started"},
			}},
			"web": {Name: "web", Image: "nginx", Restart: "always", DependsOn: types.DependsOnConfig{"api": {Required: true, Restart: true}}},
		},
		DisabledServices: types.Services{"tool": {Name: "tool", Image: "busybox", Profiles: []string{"dev"}}},
		Networks:         types.Networks{"front": {Name: "app_front"}, "back": {Name: "theirs", External: true}},
		Volumes:          types.Volumes{"data": {Name: "app_data"}},
		Configs:          types.Configs{"conf": {Name: "app_conf", Content: "a=1"}},
		Secrets: types.Secrets{
			"token": {Name: "app_token", Environment: "TOKEN"}, "gone": {Environment: "UNSET"}, "file": {File: "/app/pw"}, "far": {External: true},
		},
	}
	for _, c := range change {
		c(model)
	}
	p, err := project.New(project.Input{Compose: model, Files: []string{"/app/compose.yaml"}, Key: project.NewKey([]byte("test"))})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// with changes one service of the stack.
func with(name string, change func(*types.ServiceConfig)) func(*types.Project) {
	return func(p *types.Project) {
		s := p.Services[name]
		change(&s)
		p.Services[name] = s
	}
}

func TestNewSortsAndResolves(t *testing.T) {
	p := stack(t)
	if got := p.ServiceNames(); !slices.Equal(got, []string{"api", "db", "web"}) {
		t.Errorf("services %v", got)
	}
	if got := p.Service("api").Image; got != "app-api" {
		t.Errorf("the built image is %q, want app-api", got)
	}
	if got := p.Service("web").Restart.Mode; got != restartpolicy.Always {
		t.Errorf("restart %q", got)
	}
	deps := p.Service("api").DependsOn
	if len(deps) != 2 || deps[0].Service != "db" || deps[0].Condition != project.Healthy || deps[1].Required {
		t.Errorf("api depends on %+v", deps)
	}
	if d := p.Service("web").DependsOn[0]; d.Condition != project.Started || !d.Restart {
		t.Errorf("an edge without a condition is %+v", d)
	}
	if n := p.Network("back"); n == nil || !n.External || n.Name != "theirs" {
		t.Errorf("network back is %+v", n)
	}
	if p.Network("nope") != nil || p.Volume("nope") != nil || p.Service("tool") != nil || p.DisabledService("tool") == nil {
		t.Error("lookups find what is not there, or miss what is")
	}
	if p.Volume("data").Name != "app_data" {
		t.Error("volume data is lost")
	}
}

func TestFilesHaveOneSource(t *testing.T) {
	p := stack(t)
	if len(p.Configs) != 1 || !p.Configs[0].Inline || string(p.Configs[0].Content) != "a=1" {
		t.Errorf("configs %+v", p.Configs)
	}
	byKey := map[string]*project.File{}
	for _, f := range p.Secrets {
		byKey[f.Key] = f
	}
	if f := byKey["token"]; string(f.Content) != "secret" || f.Missing || f.Inline {
		t.Errorf("token is %+v", f)
	}
	if f := byKey["gone"]; !f.Missing {
		t.Error("a variable that is not set is not missing")
	}
	if f := byKey["file"]; f.Path != "/app/pw" || f.Inline || len(f.Content) != 0 {
		t.Errorf("file is %+v", f)
	}
	if f := byKey["far"]; !f.External || f.Inline {
		t.Errorf("far is %+v", f)
	}
}

func TestGraceIsRoundedUp(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{
		0: 0, time.Millisecond: time.Second, 500 * time.Millisecond: time.Second, time.Second: time.Second, 1500 * time.Millisecond: 2 * time.Second,
	} {
		d := types.Duration(given)
		p := stack(t, with("db", func(s *types.ServiceConfig) { s.StopGracePeriod = &d }))
		if got := p.Service("db").Grace; got == nil || *got != want {
			t.Errorf("%s becomes %v, want %s", given, got, want)
		}
	}
	if stack(t).Service("db").Grace != nil {
		t.Error("a service without a period has one")
	}
}

func TestImpliedDependencies(t *testing.T) {
	model := func(p *types.Project) {
		s := p.Services["web"]
		s.DependsOn = types.DependsOnConfig{"api": {}, "db": {}}
		s.Links, s.NetworkMode = []string{"api:backend"}, "service:db"
		p.Services["web"] = s
	}
	web := stack(t, model).Service("web")
	if web.DependsOn[0].Implied != "links" || web.DependsOn[1].Implied != "network_mode" {
		t.Errorf("implied by %q and %q", web.DependsOn[0].Implied, web.DependsOn[1].Implied)
	}
	if len(web.Namespaces) != 1 || web.Namespaces[0] != (project.NamespaceRef{Attribute: "network_mode", Service: "db"}) {
		t.Errorf("namespaces %+v", web.Namespaces)
	}
}

func TestDefaultPlatformIsForBuilds(t *testing.T) {
	p := stack(t, func(p *types.Project) { p.Environment["DOCKER_DEFAULT_PLATFORM"] = "linux/arm64" })
	if got := p.Service("api").Spec.Platform; got != "linux/arm64" {
		t.Errorf("the built service is for %q", got)
	}
	if got := p.Service("db").Spec.Platform; got != "" {
		t.Errorf("the pulled service is for %q", got)
	}
	if p.Service("api").Hash == stack(t).Service("api").Hash {
		t.Error("the platform is not part of the hash")
	}
}

func TestSectionsSayWhatChanged(t *testing.T) {
	before := stack(t).Service("db").Sections
	after := stack(t, with("db", func(s *types.ServiceConfig) { s.Image, s.Hostname = "postgres:16", "db" })).Service("db").Sections
	if before["image"] == after["image"] || after["hostname"] == "" || before["hostname"] != "" {
		t.Errorf("sections %v become %v", before, after)
	}
	if before["networks"] != after["networks"] {
		t.Error("a section that did not change has another fingerprint")
	}
	if before["image"] == stack(t).Service("web").Sections["image"] {
		t.Error("fingerprints of services can be compared with each other")
	}
}

func TestSectionsHaveEntries(t *testing.T) {
	env := func(kv ...string) map[string]project.Fingerprint {
		return stack(t, with("db", func(s *types.ServiceConfig) { s.Environment = types.NewMappingWithEquals(kv) })).Service("db").Sections
	}
	before, after := env("A=1", "B=2"), env("A=1", "B=3")
	if before["environment.A"] == "" || before["environment.A"] != after["environment.A"] || before["environment.B"] == after["environment.B"] {
		t.Errorf("sections %v become %v", before, after)
	}
	if odd := env("A=1", "a,b=2"); odd["environment"] == "" || odd["environment.A"] != "" {
		t.Errorf("a name that no label can hold: %v", odd)
	}
}

func TestContentFollowsDigests(t *testing.T) {
	model := &types.Project{Name: "app", Services: types.Services{"web": {Name: "web", Image: "x",
		Configs: []types.ServiceConfigObjConfig{{Source: "a"}, {Source: "b"}}, Secrets: []types.ServiceSecretConfig{{Source: "s"}}}}}
	p, err := project.New(project.Input{Compose: model, Digests: map[string]project.Fingerprint{"config:a": "1", "secret:s": "2", "secret:other": "3"}})
	if err != nil {
		t.Fatal(err)
	}
	got := p.Service("web").Content
	if len(got) != 2 || got["config:a"] != "1" || got["secret:s"] != "2" {
		t.Errorf("content %v", got)
	}
}

func TestNames(t *testing.T) {
	p := stack(t, with("db", func(s *types.ServiceConfig) { s.ContainerName = "my-db" }))
	slug := strings.Repeat("0123456789abcdef", 4)
	for got, want := range map[string]string{
		p.ContainerName(p.Service("web"), 2):   "app-web-2",
		p.ContainerName(p.Service("db"), 1):    "my-db",
		p.OneOffName(p.Service("db"), slug):    "app-db-run-0123456789ab",
		p.BuiltImage("api"):                    "app-api",
		project.TemporaryName(slug, "app-a-1"): "0123456789ab_app-a-1",
		project.TemporaryName("abc", "x"):      "abc_x",
	} {
		if got != want {
			t.Errorf("name %q, want %q", got, want)
		}
	}
	p.Separator = "_"
	if got := p.ContainerName(p.Service("web"), 1); got != "app_web_1" {
		t.Errorf("compatible name %q", got)
	}
	if final, ok := project.FinalName("0123456789ab_app-a-1"); !ok || final != "app-a-1" {
		t.Errorf("final name %q, %v", final, ok)
	}
	for _, name := range []string{"app-a-1", "my_app_1", "0123456789ab_", "0123456789AB_x", "0123456789abc_x"} {
		if final, ok := project.FinalName(name); ok {
			t.Errorf("%s is taken for a temporary name of %s", name, final)
		}
	}
}

func TestPositions(t *testing.T) {
	pos := project.Positions{
		project.Path("services", "my.web"):            {File: "a.yaml", Line: 2, Column: 3},
		project.Path("services", "my.web", "restart"): {File: "b.yaml", Line: 5},
	}
	for want, got := range map[string]project.Position{
		"b.yaml:5":   pos.Of("services", "my.web", "restart"),
		"a.yaml:2:3": pos.Of("services", "my.web", "ports", "[0]"),
		"":           pos.Of("volumes", "data"),
	} {
		if got.String() != want {
			t.Errorf("position %q, want %q", got, want)
		}
	}
	if !pos.Of("x").IsZero() || pos.Of("services", "my.web").IsZero() {
		t.Error("IsZero is wrong")
	}
	if got := (project.Position{File: "c"}).String(); got != "c" {
		t.Errorf("position %q", got)
	}
	if got := project.SplitPath(project.Path("a.b", "c")); !slices.Equal(got, []string{"a.b", "c"}) {
		t.Errorf("split into %q", got)
	}
}

func TestMatch(t *testing.T) {
	p := stack(t)
	for pattern, want := range map[string][]string{"web": {"web"}, "*": {"api", "db", "web"}, "[ad]*": {"api", "db"}} {
		got, err := p.Match(pattern)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s matches %v, %v", pattern, got, err)
		}
	}
	if got, err := p.Match("web", "w*", "api"); err != nil || !slices.Equal(got, []string{"api", "web"}) {
		t.Errorf("overlapping patterns match %v, %v", got, err)
	}
	for pattern, want := range map[string]string{"nope": "no such service: nope", "tool": `--profile dev`, "[": "no such service: ["} {
		_, err := p.Match(pattern)
		var unknown *project.UnknownServiceError
		if !errors.As(err, &unknown) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

func TestSelect(t *testing.T) {
	p := stack(t)
	selected, err := p.Select("api")
	if err != nil {
		t.Fatal(err)
	}
	if got := selected.ServiceNames(); !slices.Equal(got, []string{"api", "db"}) {
		t.Errorf("selected %v", got)
	}
	if selected.DisabledService("web") == nil || selected.DisabledService("tool") == nil {
		t.Error("the others are not among the disabled")
	}
	if all, err := p.Select(); err != nil || all != p {
		t.Errorf("selecting nothing gives %v, %v", all, err)
	}
	if len(p.Services) != 3 || len(p.Disabled) != 1 {
		t.Error("selecting changed the project")
	}
	only, err := p.Only("web")
	if err != nil || !slices.Equal(only.ServiceNames(), []string{"web"}) {
		t.Errorf("only web gives %v, %v", only.ServiceNames(), err)
	}
	if _, err := p.Select("nope"); err == nil {
		t.Error("an unknown service can be selected")
	}
}

func TestWithReplicas(t *testing.T) {
	p := stack(t, with("db", func(s *types.ServiceConfig) { s.ContainerName = "db" }))
	scaled, err := p.WithReplicas(map[string]int{"web": 3, "api": 0})
	if err != nil {
		t.Fatal(err)
	}
	if scaled.Service("web").Replicas != 3 || scaled.Service("api").Replicas != 0 || p.Service("web").Replicas != 1 {
		t.Error("replicas are not those of the copy")
	}
	for _, scale := range []map[string]int{{"web": -1}, {"db": 2}, {"nope": 1}, {"tool": 1}} {
		if _, err := p.WithReplicas(scale); err == nil {
			t.Errorf("scaling %v works", scale)
		}
	}
	if _, err := p.WithReplicas(map[string]int{"db": 1}); err != nil {
		t.Errorf("one replica of a named container: %v", err)
	}
}

func TestGraph(t *testing.T) {
	p := stack(t)
	g, err := p.Graph()
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Order(); !slices.Equal(got, []string{"db", "api", "web"}) {
		t.Errorf("order %v", got)
	}
	restarts := func(d project.Dependency) bool { return d.Restart }
	if got := p.Dependents("api", restarts); !slices.Equal(got, []string{"web"}) {
		t.Errorf("dependents %v", got)
	}
	if got := p.Dependents("db", restarts); got != nil {
		t.Errorf("dependents %v", got)
	}
	cyclic := stack(t, with("db", func(s *types.ServiceConfig) { s.DependsOn = types.DependsOnConfig{"web": {}} }))
	_, err = cyclic.Graph()
	var cycle *depgraph.CycleError[string]
	if !errors.As(err, &cycle) || !slices.Equal(cycle.Path, []string{"api", "db", "web", "api"}) {
		t.Errorf("a cycle is %v", err)
	}
}

func TestNewRefusesPolicies(t *testing.T) {
	_, err := project.New(project.Input{Compose: &types.Project{Services: types.Services{"web": {Name: "web", Restart: "sometimes"}}}})
	if err == nil || !strings.Contains(err.Error(), "service web") {
		t.Errorf("an unknown policy gives %v", err)
	}
}

// TestDigestIsKeyed makes sure that equal content cannot be recognised.
func TestDigestIsKeyed(t *testing.T) {
	key, other := project.NewKey([]byte("1")), project.NewKey([]byte("2"))
	a, b := key.Digest("app\x1fsecret:a", []byte("x")), key.Digest("app\x1fsecret:b", []byte("x"))
	if a == b || len(a) != 64 || a != key.Digest("app\x1fsecret:a", []byte("x")) {
		t.Errorf("digests %s and %s", a, b)
	}
	if a == other.Digest("app\x1fsecret:a", []byte("x")) || key.ID() == other.ID() || len(key.ID()) != 12 {
		t.Errorf("two keys make one digest, or have one ID: %v and %v", key, other)
	}
	var none project.Key
	if none.Digest("app", []byte("x")) != "" || none.ID() != "" {
		t.Errorf("without a key there is a digest: %v", none)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(text, "31") || strings.Contains(text, "\"1\"") {
		t.Errorf("a key prints itself: %s", text)
	}
}

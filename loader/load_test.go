package loader_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// tree writes files into a directory and returns an input that looks for them.
func tree(t *testing.T, files map[string]string) loader.Input {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return loader.Input{WorkingDir: dir, Env: []string{"HOME=" + dir}, Key: project.NewKey([]byte("test"))}
}

func load(t *testing.T, in loader.Input) *project.Project {
	t.Helper()
	p, _, err := loader.Load(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// refused loads what must not load and returns the errors.
func refused(t *testing.T, in loader.Input, want string) loader.Errors {
	t.Helper()
	_, _, err := loader.Load(context.Background(), in)
	var errs loader.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v, want diagnostics", err)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	return errs
}

func TestPositions(t *testing.T) {
	in := tree(t, map[string]string{
		"compose.yaml": `services:
  web:
    image: busybox
    restart: always
    ports:
      - "80:80"
      - "9000-9001:9000-9001"
    environment: [A=1, B=2]
    depends_on: [db]
    volumes: ["./a:/data", "data:/other"]
  db: {extends: {file: base.yaml, service: db}}
volumes: {data: }
`,
		"compose.override.yaml": `services:
  web:
    restart: "no"
    environment:
      B: 3
    volumes: ["./b:/data"]
    ports: ["81:81"]
`,
		"base.yaml": "services:\n  db:\n    image: postgres\n",
	})
	pos := load(t, in).Positions
	for _, c := range []struct {
		want string
		path []string
	}{
		{"compose.yaml:2:3", []string{"services", "web"}},
		{"compose.yaml:3:12", []string{"services", "web", "image"}},
		{"compose.override.yaml:3:14", []string{"services", "web", "restart"}},
		{"compose.yaml:8:19", []string{"services", "web", "environment", "A"}},
		{"compose.override.yaml:5:10", []string{"services", "web", "environment", "B"}},
		{"compose.yaml:9:18", []string{"services", "web", "depends_on", "db"}},
		{"compose.yaml:6:9", []string{"services", "web", "ports", "[0]"}},
		{"compose.yaml:7:9", []string{"services", "web", "ports", "[1]"}},
		{"compose.yaml:7:9", []string{"services", "web", "ports", "[2]"}},
		{"compose.override.yaml:7:13", []string{"services", "web", "ports", "[3]"}},
		{"compose.override.yaml:6:15", []string{"services", "web", "volumes", "[0]"}},
		{"compose.yaml:10:28", []string{"services", "web", "volumes", "[1]"}},
		{"base.yaml:3:12", []string{"services", "db", "image"}},
		{"compose.yaml:12:11", []string{"volumes", "data"}},
	} {
		if got := pos.Of(c.path...).String(); got != c.want {
			t.Errorf("%s is at %s, want %s", strings.Join(c.path, "."), got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	service := "services: {web: {image: busybox}}\n"
	chain := map[string]string{"compose.yaml": "include: [f0.yaml]\n" + service}
	for i := range 40 {
		chain[fmt.Sprintf("f%d.yaml", i)] = fmt.Sprintf("include: [f%d.yaml]\nx-n: %d\n", i+1, i)
	}
	chain["f40.yaml"] = "x-last: 1\n"
	many := map[string]string{}
	var list strings.Builder
	for i := range 300 {
		many[fmt.Sprintf("f%d.yaml", i)] = fmt.Sprintf("services: {s%d: {image: busybox}}\n", i)
		fmt.Fprintf(&list, "  - f%d.yaml\n", i)
	}
	many["compose.yaml"] = "include:\n" + list.String() + service
	for _, c := range []struct {
		name, want string
		files      map[string]string
		limits     loader.Limits
	}{
		{"file size", "compose.yaml: larger than 4194304 bytes", map[string]string{"compose.yaml": service + strings.Repeat("#", 4<<20)}, loader.Limits{}},
		{"total size", "the files together are larger than 40 bytes", map[string]string{"compose.yaml": "include: [a.yaml]\n" + service, "a.yaml": service}, loader.Limits{TotalBytes: 40}},
		{"include depth", "more than 32 levels deep", chain, loader.Limits{}},
		{"files", "more than 256 files", many, loader.Limits{}},
		{"documents", "more than 256 documents", map[string]string{"compose.yaml": strings.Repeat("x-a: 1\n---\n", 300) + service}, loader.Limits{}},
		{"elements", "more than 1000 elements with its aliases", map[string]string{"compose.yaml": service + "x-a: [" + strings.Repeat("1,", 2000) + "]\n"}, loader.Limits{Nodes: 1000}},
		{"all elements", "the files have more than 4000 elements", map[string]string{"compose.yaml": strings.Repeat("x-a: ["+strings.Repeat("1,", 900)+"]\n---\n", 6) + service}, loader.Limits{Nodes: 1000}},
		{"env file", ".env: larger than 1048576 bytes", map[string]string{"compose.yaml": service, ".env": "A=" + strings.Repeat("x", 1<<20)}, loader.Limits{}},
		{"env value", ".env:1: value of A is larger than 131072 bytes", map[string]string{"compose.yaml": service, ".env": "A=" + strings.Repeat("x", 200<<10)}, loader.Limits{}},
		{"env doubling", "larger than", map[string]string{"compose.yaml": service, ".env": doubling(40)}, loader.Limits{}},
		{"nesting", "variables are nested more than 32 levels deep", map[string]string{"compose.yaml": "services: {web: {image: \"" + strings.Repeat("${A:-", 40) + "x" + strings.Repeat("}", 40) + "\"}}\n"}, loader.Limits{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := tree(t, c.files)
			in.Limits = c.limits
			refused(t, in, c.want)
		})
	}
}

// doubling is an env file whose values double in length with every line.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("A0=0123456789\n")
	for i := range n {
		fmt.Fprintf(&b, "A%d=$A%d$A%d\n", i+1, i, i)
	}
	return b.String()
}

// TestIncludeIsMemoised would take 2^30 loads if it were not.
func TestIncludeIsMemoised(t *testing.T) {
	files := map[string]string{"compose.yaml": "include: [a0.yaml, b0.yaml]\nservices: {web: {image: busybox}}\n"}
	for i := range 30 {
		next := fmt.Sprintf("include: [a%d.yaml, b%d.yaml]\n", i+1, i+1)
		files[fmt.Sprintf("a%d.yaml", i)], files[fmt.Sprintf("b%d.yaml", i)] = next, next
	}
	files["a30.yaml"], files["b30.yaml"] = "services: {a: {image: busybox}}\n", "services: {b: {image: busybox}}\n"
	if got := load(t, tree(t, files)).ServiceNames(); !slices.Equal(got, []string{"a", "b", "web"}) {
		t.Errorf("services %v", got)
	}
}

// TestCyclesAreFoundInLinearTime would walk 4^200 paths if they were not.
func TestCyclesAreFoundInLinearTime(t *testing.T) {
	var b strings.Builder
	b.WriteString("services:\n")
	for layer := range 200 {
		for i := range 4 {
			fmt.Fprintf(&b, "  s%d-%d: {image: busybox", layer, i)
			if layer > 0 {
				fmt.Fprintf(&b, ", depends_on: [s%d-0, s%d-1, s%d-2, s%d-3]", layer-1, layer-1, layer-1, layer-1)
			}
			b.WriteString("}\n")
		}
	}
	if got := len(load(t, tree(t, map[string]string{"compose.yaml": b.String()})).Services); got != 800 {
		t.Errorf("%d services", got)
	}
}

func TestManyProblemsAreCut(t *testing.T) {
	var b strings.Builder
	b.WriteString("services:\n  web:\n    image: busybox\n")
	for i := range 700 {
		fmt.Fprintf(&b, "    key%d: 1\n", i)
	}
	errs := refused(t, tree(t, map[string]string{"compose.yaml": b.String()}), "200 more problems are not shown")
	if len(errs) != 501 {
		t.Errorf("%d problems", len(errs))
	}
}

func TestDiscovery(t *testing.T) {
	ctx := context.Background()
	in := tree(t, map[string]string{
		"compose.yml": "services: {web: {image: a}}", "docker-compose.yml": "services: {web: {image: b}}",
		"compose.override.yml": "services: {web: {hostname: o}}", "docker-compose.override.yml": "services: {web: {hostname: x}}",
	})
	p, warnings, err := loader.Load(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Service("web").Spec; s.Image != "a" || s.Hostname != "o" {
		t.Errorf("image %s, hostname %s", s.Image, s.Hostname)
	}
	if got := diagnostics(warnings, nil); !strings.Contains(got, "docker-compose.yml: ignored: compose.yml is used") || !strings.Contains(got, "docker-compose.override.yml: ignored") {
		t.Errorf("warnings:\n%s", got)
	}
	if want := []string{filepath.Join(in.WorkingDir, "compose.yml"), filepath.Join(in.WorkingDir, "compose.override.yml")}; !slices.Equal(p.Files, want) {
		t.Errorf("files %v, want %v", p.Files, want)
	}
	if _, _, err := loader.Load(ctx, loader.Input{WorkingDir: t.TempDir()}); !errors.Is(err, loader.ErrNoFile) {
		t.Errorf("no file gives %v", err)
	}
	in.Files = []string{"docker-compose.yml"}
	if got := load(t, in).Service("web").Spec; got.Image != "b" || got.Hostname != "" {
		t.Errorf("with -f: image %s, hostname %s", got.Image, got.Hostname)
	}
}

func TestEnvironment(t *testing.T) {
	in := tree(t, map[string]string{
		".env": "A=dotenv\nB=dotenv\nCOMPOSE_PROGRESS=plain\n", "one.env": "A=one\nB=one\n", "two.env": "B=two\n",
	})
	in.Env = append(in.Env, "A=process")
	check := func(in loader.Input, want map[string]string) {
		t.Helper()
		got, err := loader.Environment(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %q, want %q", name, got[name], value)
			}
		}
	}
	check(in, map[string]string{"A": "process", "B": "dotenv", "COMPOSE_PROGRESS": "plain"})
	explicit := in
	explicit.EnvFiles = []string{"one.env", "two.env"}
	check(explicit, map[string]string{"A": "process", "B": "two", "COMPOSE_PROGRESS": ""})
	named := in
	named.Env = append(slices.Clone(in.Env), "COMPOSE_ENV_FILES=two.env,one.env")
	check(named, map[string]string{"B": "one"})
	off := in
	off.Env = append(slices.Clone(in.Env), "COMPOSE_DISABLE_ENV_FILE=true")
	check(off, map[string]string{"B": ""})
}

func TestName(t *testing.T) {
	files := map[string]string{"compose.yaml": "name: From-File_${X:-1}!\nservices: {web: {image: busybox}}\n", "plain.yaml": "services: {web: {image: busybox}}\n"}
	for _, c := range []struct {
		want   string
		change func(*loader.Input)
	}{
		{"from-file_1", func(*loader.Input) {}},
		{"flag", func(in *loader.Input) { in.ProjectName = "flag"; in.Env = append(in.Env, "COMPOSE_PROJECT_NAME=env") }},
		{"env", func(in *loader.Input) { in.Env = append(in.Env, "COMPOSE_PROJECT_NAME=env") }},
		{"app", func(in *loader.Input) { in.Files = []string{"plain.yaml"} }},
		{"from-file_1", func(in *loader.Input) { in.Files = []string{"compose.yaml", "plain.yaml"} }},
	} {
		in := tree(t, files)
		c.change(&in)
		got, err := loader.Name(context.Background(), in)
		if err != nil || got != c.want {
			t.Errorf("name %q, %v, want %s", got, err, c.want)
		}
		if p := load(t, in); p.Name != c.want {
			t.Errorf("loaded name %q, want %s", p.Name, c.want)
		}
	}
	if got := loader.NormalizeName("_-My App.1"); got != "myapp1" {
		t.Errorf("normalised to %q", got)
	}
}

func TestVariables(t *testing.T) {
	in := tree(t, map[string]string{
		".env":         "TAG=1\nOTHER=x\n",
		"compose.yaml": "services:\n  web:\n    image: busybox:${TAG:-latest}\n    hostname: ${HOST_NAME:?needed}\n    user: ${A-${B:+b}}$OTHER\n    working_dir: ${TAG}\n",
	})
	in.Env = append(in.Env, "TAG=process")
	infos, err := loader.Variables(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, v := range infos {
		lines = append(lines, fmt.Sprintf("%s default=%q presence=%q required=%t uses=%v set=%t from=%q beats=%v", v.Name, v.Default, v.Presence, v.Required, v.Uses, v.Set, v.Source, v.Beaten))
	}
	want := []string{
		`A default="${B:+b}" presence="" required=false uses=[compose.yaml:5:11] set=false from="" beats=[]`,
		`B default="" presence="b" required=false uses=[compose.yaml:5:15] set=false from="" beats=[]`,
		`HOST_NAME default="" presence="" required=true uses=[compose.yaml:4:15] set=false from="" beats=[]`,
		`OTHER default="" presence="" required=false uses=[compose.yaml:5:23] set=true from=".env:2:1" beats=[]`,
		`TAG default="latest" presence="" required=false uses=[compose.yaml:3:20 compose.yaml:6:18] set=true from="" beats=[.env:1:1]`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestRenderRaw(t *testing.T) {
	in := tree(t, map[string]string{"compose.yaml": "services:\n  web:\n    image: busybox:${TAG}\n    scale: ${N}\n    ports: [\"${PORT:-80}:80\"]\n    privileged: ${P:-false}\n"})
	in.NoInterpolate = true
	for format, want := range map[loader.Format]string{loader.YAML: "image: busybox:${TAG}", loader.JSON: `"scale": "${N}"`} {
		var out bytes.Buffer
		_, _, err := loader.RenderRaw(context.Background(), &out, in, loader.RenderOptions{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s without %s:\n%s", format, want, out.String())
		}
	}
}

func TestDigestsFollowContent(t *testing.T) {
	in := tree(t, map[string]string{
		"pw.txt":       "hunter2",
		"compose.yaml": "services: {web: {image: busybox, secrets: [pw, tok], configs: [c]}}\nsecrets: {pw: {file: pw.txt}, tok: {environment: TOK}}\nconfigs: {c: {content: a}}\n",
	})
	in.Env = append(in.Env, "TOK=1")
	before := load(t, in).Service("web").Content
	if got := slices.Sorted(maps.Keys(before)); !slices.Equal(got, []string{"config:c", "secret:pw", "secret:tok"}) {
		t.Fatalf("digests of %v", got)
	}
	if !maps.Equal(before, load(t, in).Service("web").Content) {
		t.Error("digests change by themselves")
	}
	write(t, filepath.Join(in.WorkingDir, "pw.txt"), "hunter3")
	in.Env = append(in.Env, "TOK=2")
	after := load(t, in).Service("web").Content
	if before["secret:pw"] == after["secret:pw"] || before["secret:tok"] == after["secret:tok"] || before["config:c"] != after["config:c"] {
		t.Errorf("digests %v become %v", before, after)
	}
	if err := os.Remove(filepath.Join(in.WorkingDir, "pw.txt")); err != nil {
		t.Fatal(err)
	}
	_, warnings, err := loader.Load(context.Background(), in)
	if err != nil || !strings.Contains(diagnostics(warnings, nil), "compose.yaml:2:22: secrets.pw.file: pw.txt: no such file or directory") {
		t.Errorf("a missing secret gives %v and %v", warnings, err)
	}
}

func TestExtensions(t *testing.T) {
	c := openCase(t, filepath.Join("testdata", "valid", "muster.txtar"))
	p := load(t, c.in)
	web := p.Service("web").Muster
	if web.Ready == nil || *web.Ready != (project.Ready{Kind: "http", Port: 8080, Path: "/healthz", Status: 200, Timeout: 2 * time.Second}) {
		t.Errorf("ready is %+v", web.Ready)
	}
	if web.OnUnhealthy != "restart" || web.Cascade != "always" || web.CrashLoop != "brake" || web.Notify.Webhook == "" || len(web.Notify.Command) != 2 {
		t.Errorf("web is %+v", web)
	}
	if p.Service("db").Muster.Ready.Pattern != "ready to accept" || p.Service("tcp").Muster.Ready.Port != 5432 {
		t.Error("log or tcp is lost")
	}
	if short := p.Service("short").Muster.Ready; *short != *p.Service("tcp").Muster.Ready {
		t.Errorf("tcp: 5432 is %+v", short)
	}
	if grpc := p.Service("grpc").Muster.Ready; *grpc != (project.Ready{Kind: "grpc", Port: 50051}) {
		t.Errorf("grpc: 50051 is %+v", grpc)
	}
}

func TestInspection(t *testing.T) {
	c := openCase(t, filepath.Join("testdata", "valid", "health.txtar"))
	if got := loader.Images(load(t, c.in)); !slices.Equal(got, []string{"busybox", "example/migrate"}) {
		t.Errorf("images %v", got)
	}
	c = openCase(t, filepath.Join("testdata", "valid", "profiles.txtar"))
	if got := loader.Profiles(load(t, c.in)); !slices.Equal(got, []string{"debug", "dev", "test"}) {
		t.Errorf("profiles %v", got)
	}
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("the user changed their mind")
	cancel(why)
	if _, _, err := loader.Load(ctx, tree(t, map[string]string{"compose.yaml": "services: {web: {image: busybox}}\n"})); !errors.Is(err, why) {
		t.Errorf("got %v, want the cause", err)
	}
}

// TestRelativePathsStay keeps paths as they are written, those of other
// directories relative to the project's, and still finds the files.
func TestRelativePathsStay(t *testing.T) {
	in := tree(t, map[string]string{
		"web.env": "A=1\n", "web.labels": "l=1\n",
		"compose.yaml":     "include: [sub/compose.yaml]\nservices:\n  web: {image: busybox, env_file: web.env, label_file: web.labels, volumes: [\"./a:/a\"], extends: {file: sub/base.yaml, service: base}}\n",
		"sub/compose.yaml": "services: {inc: {image: busybox, build: .}}\n",
		"sub/base.yaml":    "services: {base: {volumes: [\"./y:/y\"], extends: {file: ../root.yaml, service: root}}}\n",
		"root.yaml":        "services: {root: {volumes: [\"./z:/z\"]}}\n",
	})
	in.NoPathResolution = true
	p := load(t, in)
	web := p.Service("web").Spec
	var sources []string
	for _, v := range web.Volumes {
		sources = append(sources, v.Source)
	}
	if want := []string{"z", "sub/y", "./a"}; !slices.Equal(sources, want) {
		t.Errorf("sources %v, want %v", sources, want)
	}
	if got := p.Service("inc").Spec.Build.Context; got != "sub" {
		t.Errorf("context %s", got)
	}
	if a := web.Environment["A"]; a == nil || *a != "1" || web.Labels["l"] != "1" {
		t.Errorf("environment %v, labels %v", web.Environment, web.Labels)
	}
}

// TestPhasesCanBeLeftOut is what the switches of config are for.
func TestPhasesCanBeLeftOut(t *testing.T) {
	in := tree(t, map[string]string{"compose.yaml": "services: {web: {image: busybox, env_file: gone.env, depends_on: [ghost], volumes: [\"nowhere:/x\"]}}\n"})
	refused(t, in, `undefined service "ghost"`)
	in.NoConsistency = true
	refused(t, in, "gone.env: no such file")
	in.NoEnvResolution = true
	web := load(t, in).Service("web").Spec
	if len(web.EnvFiles) != 1 || len(web.Networks) != 1 {
		t.Errorf("env files %v, networks %v", web.EnvFiles, web.Networks)
	}
	in.NoNormalize = true
	if got := load(t, in).Service("web").Spec.Networks; len(got) != 0 {
		t.Errorf("networks %v are implied", got)
	}
}

// TestLinkedDirectory names the project after the link, and says so.
func TestLinkedDirectory(t *testing.T) {
	in := tree(t, map[string]string{"compose.yaml": "services: {web: {image: busybox}}\n"})
	link := filepath.Join(t.TempDir(), "linked")
	if err := os.Symlink(in.WorkingDir, link); err != nil {
		t.Fatal(err)
	}
	in.WorkingDir = link
	p, warnings, err := loader.Load(context.Background(), in)
	if err != nil || p.Name != "linked" || !strings.Contains(diagnostics(warnings, nil), "symbolic link") {
		t.Errorf("project %v, %v, %v", p, warnings, err)
	}
}

// TestHashesFromFiles holds the way from a file to its hashes to what Docker
// Compose v5 writes on containers, networks and volumes.
func TestHashesFromFiles(t *testing.T) {
	in := tree(t, map[string]string{"compose.yaml": "name: fx1\nservices:\n  a: {image: busybox}\n  b: {image: busybox, command: [sleep, \"100\"]}\n  c: {image: busybox, networks: [back], volumes: [\"data:/d\"]}\nnetworks: {back: }\nvolumes: {data: }\n"})
	p := load(t, in)
	for what, got := range map[string]project.Fingerprint{
		"2afd7866203dca40993313263173003833e9de9c3ad83f2f59484e32a5605234": p.Service("a").Hash,
		"32a54e5939835da9c769b5bf44c1e1eb1cdaf8d31b2a579efd4c28849dce2610": p.Service("b").Hash,
		"07039e35c0e5c93aae3d635d7b617fbc46ef858708c59915842b875c83e06d51": p.Network("back").Hash,
		"9a3e44df1acd6569971bab1905fb8288b2923d6d997bbed378513dbbb15183ba": p.Volume("data").Hash,
	} {
		if string(got) != what {
			t.Errorf("hash %s, want %s", got, what)
		}
	}
}

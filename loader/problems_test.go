package loader_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// open loads a file of that text, with others beside it.
func open(t *testing.T, text string, files map[string]string, in loader.Input) *project.Project {
	t.Helper()
	in.WorkingDir, in.Files, in.Stdin, in.ProjectName = t.TempDir(), []string{"-"}, strings.NewReader(text), "shop"
	for name, content := range files {
		write(t, in.WorkingDir+"/"+name, content)
	}
	p, _, err := loader.Open(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// owners lists the services that have problems, with the attributes.
func owners(p *project.Project) string {
	var all []string
	for _, s := range slices.Concat(p.Services, p.Disabled) {
		var attributes []string
		for _, problem := range s.Problems {
			attributes = append(attributes, problem.Attribute)
		}
		if len(attributes) > 0 {
			all = append(all, s.Name+": "+strings.Join(attributes, " "))
		}
	}
	for _, problem := range p.Unused {
		all = append(all, "unused: "+problem.Err.(*loader.Error).Path)
	}
	return strings.Join(all, "\n")
}

// TestProblemsBelongToServices: whatever the files get wrong belongs to the
// services that it concerns, be it said elsewhere, and to no other.
func TestProblemsBelongToServices(t *testing.T) {
	const sound = "services:\n  sound: {image: a}\n"
	for _, c := range []struct {
		name, text string
		files      map[string]string
		want       string
	}{
		{"attributes", sound + "  web: {image: A, restart: never, colour: red}", nil, "web: image restart colour"},
		{"platforms", sound + "  web: {image: a, platform: a/b/c/d}\n  job: {build: {context: ., platforms: [linux/amd64, linux//v7]}}\n  fine: {image: a, platform: linux/arm/v7}", nil, "job: build\nweb: platform"},
		{"names with dots", sound + "  web: {image: a}\n  web.build: {image: a, args: x}\n  web.build.args: {image: B}", nil, "web.build: args\nweb.build.args: image"},
		{"not even a mapping", sound + "  web: [a]\n  other: 7\n  nothing:", nil, "nothing: \nother: \nweb: "},
		{"an anchor", "x-base: &base {image: A}\n" + sound + "  web: {<<: *base}", nil, "web: image"},
		{"a variable of an unused part", "x-part: {image: \"${NOPE:?}\"}\n" + sound, nil, "unused: x-part.image"},
		{"a network", sound + "  web: {image: a, networks: [n]}\nnetworks: {n: {colour: red}}", nil, "web: networks"},
		{"the network of all", sound + "networks: {default: {ipam: {config: [{subnet: here}]}}}", nil, "sound: networks"},
		{"an unused network", sound + "networks: {n: {colour: red}}", nil, "unused: networks.n.colour"},
		{"a volume", sound + "  web: {image: a, volumes: [\"data:/x\"]}\nvolumes: {data: {external: true, driver: local}}", nil, "web: volumes"},
		{"a secret of a build", sound + "  web: {build: {context: ., secrets: [s]}}\nsecrets: {s: {}}", nil, "web: build"},
		{"a config", sound + "  web: {image: a, configs: [c]}\nconfigs: {c: {file: a, content: b}}", nil, "web: configs"},
		{"unused external ones", sound + "secrets: {s: {external: true}}\nconfigs: {c: {external: true}}", nil, ""},
		{"an inactive profile", sound + "  web: {image: A, profiles: [p]}", nil, "web: image"},
		{"a base in the file", sound + "  base: {image: a, restart: never}\n  web: {extends: base}", nil, "base: restart\nweb: restart"},
		{
			"a base in another file", sound + "  web: {extends: {file: base.yaml, service: base}}",
			map[string]string{"base.yaml": "services:\n  base: {extends: deeper}\n  deeper: {image: A}\n  sound: {image: A}\n"}, "web: image",
		},
		{
			"a base in a file that is no Compose file", sound + "  web: {extends: {file: base.yaml, service: base}}\n  other: {extends: {file: base.yaml, service: other}}",
			map[string]string{"base.yaml": "services: {base: [}"}, "other:  \nweb:  ",
		},
		{"an included file", "include: [more.yaml]\n" + sound, map[string]string{"more.yaml": "services:\n  web: {image: A}\n"}, "web: image"},
		{"a variable in an env file", sound + "  web: {image: a, env_file: web.env}", map[string]string{"web.env": "A=${NOPE:?}\n"}, "web: env_file"},
		{"a cycle", sound + "  a: {image: a, depends_on: [b]}\n  b: {image: a, depends_on: [c]}\n  c: {image: a, depends_on: [b]}", nil, "b: depends_on"},
		{"a name said twice", sound + "  a: {image: a, container_name: same}\n  b: {image: a, container_name: same}", nil, "b: container_name"},
		{"x-muster", sound + "  web: {image: a, x-muster: {notify: {}}}", nil, "web: x-muster"},
		{"what compose-go does not read", sound + "  web: {image: a, gpus: [{capabilities: gpu}]}", nil, "web: gpus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, c.text, c.files, loader.Input{})
			if got := owners(p); got != c.want {
				t.Errorf("problems of\n%s\nwant\n%s", got, c.want)
			}
			for _, s := range p.Services {
				for _, problem := range s.Problems {
					if e := problem.Err.(*loader.Error); e.Pos.Line == 0 {
						t.Errorf("%v has no place", e)
					}
				}
			}
			if _, err := p.Graph(); err != nil {
				t.Errorf("the services have no order: %v", err)
			}
		})
	}
}

// TestProblemOfTheDefaultPlatform: a platform of the environment that cannot be
// read is one problem of those services that would take it, and of no other.
func TestProblemOfTheDefaultPlatform(t *testing.T) {
	const text = `services:
  own: {image: a, platform: linux/amd64}
  mounts: {image: a, platform: linux/amd64, volumes: [{type: image, source: b, target: /b}]}
  one: {image: a}
  two: {image: a, profiles: [p]}
  given: {provider: {type: cloud}}
`
	for value, want := range map[string]string{
		"": "", "linux/arm64": "", "linux": "", "windows(10.0.17763)/amd64": "",
		"a/b/c/d": "mounts: platform\none: platform\ntwo: platform", "linux/": "mounts: platform\none: platform\ntwo: platform",
	} {
		p := open(t, text, nil, loader.Input{Env: []string{"DOCKER_DEFAULT_PLATFORM=" + value}})
		if got := owners(p); got != want {
			t.Errorf("with %q problems of\n%s\nwant\n%s", value, got, want)
		}
		if problems := p.ProblemsOf(); want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Err.Error(), "DOCKER_DEFAULT_PLATFORM")) {
			t.Errorf("with %q there are %v, want one that names the variable", value, problems)
		}
	}
}

// TestOverriddenProblems: a value that another file, or what extends it, takes
// the place of is nobody's problem; one that should take a place and cannot is.
func TestOverriddenProblems(t *testing.T) {
	const bad, good = "services: {web: {image: \"a:${NOPE}\", restart: perhaps, stop_grace_period: \"${NOPE:?}\", mem_limit: much}}", "services: {web: {image: a, restart: always, stop_grace_period: 1s, mem_limit: 1g}}"
	for _, c := range []struct {
		name, first, second string
		want                string
	}{
		{"what is wrong is overridden", bad, good, ""},
		{"what is right is overridden", good, bad, "web: image restart stop_grace_period mem_limit"},
		{"some of it is", bad, "services: {web: {image: a, mem_limit: 1g}}", "web: restart stop_grace_period"},
		{"what is extended is", "services: {web: {extends: {file: two.yaml, service: web}, image: a, restart: always, mem_limit: 1g}}", bad, "web: stop_grace_period"},
		{"lists grow", "services: {web: {image: a, volumes: [here]}}", "services: {web: {volumes: [\"/x\"]}}", "web: volumes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/one.yaml", c.first)
			write(t, dir+"/two.yaml", c.second)
			in := loader.Input{WorkingDir: dir, Files: []string{"one.yaml", "two.yaml"}}
			if strings.Contains(c.first, "extends") {
				in.Files = in.Files[:1]
			}
			p, _, err := loader.Open(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := owners(p); got != c.want {
				t.Errorf("problems of %q, want %q", got, c.want)
			}
			if c.want == "" && p.Service("web").Spec.Image != "a" {
				t.Errorf("the image is %q", p.Service("web").Spec.Image)
			}
		})
	}
}

// TestProblemsOfAPair: a container name is taken only where both services are made.
func TestProblemsOfAPair(t *testing.T) {
	p := open(t, "services:\n  a: {image: a, container_name: same}\n  b: {image: a, container_name: same}\n  c: {image: a, depends_on: [b]}\n  d: {image: a, container_name: same}\n", nil, loader.Input{})
	for names, want := range map[string]int{"a": 0, "b": 0, "c": 0, "a b": 1, "a c": 1, "b d": 1, "a d": 1, "a b d": 2, "": 2} {
		selected, err := p.Select(strings.Fields(names)...)
		if err != nil {
			t.Fatal(err)
		}
		if got := selected.ProblemsOf(); len(got) != want {
			t.Errorf("%d problems of %q, want %d", len(got), names, want)
		}
	}
}

// TestProblemsOfManyServices: however much is wrong elsewhere, no service with a
// problem passes for a sound one, and many cycles are cut too.
func TestProblemsOfManyServices(t *testing.T) {
	const n = 700
	var wrong, circular strings.Builder
	wrong.WriteString("services:\n  sound: {image: a}\n")
	circular.WriteString(wrong.String())
	for i := range n {
		fmt.Fprintf(&wrong, "  s%d: {image: A, colour: red}\n", i)
	}
	for i := range 60 {
		fmt.Fprintf(&circular, "  s%d: {image: a, depends_on: [s%d, s%d]}\n", i, (i+1)%60, (i+7)%60)
	}
	for text, atLeast := range map[string]int{wrong.String(): n, circular.String(): 1} {
		p := open(t, text, nil, loader.Input{})
		broken := 0
		for _, s := range p.Services {
			if len(s.Problems) > 0 {
				broken++
			}
		}
		if len(p.Service("sound").Problems) > 0 || broken < atLeast {
			t.Errorf("%d services have problems, want at least %d and not the sound one", broken, atLeast)
		}
		if _, err := p.Graph(); err != nil {
			t.Error(err)
		}
	}
	p := open(t, circular.String(), nil, loader.Input{})
	for i := range 60 {
		selected, err := p.Select(fmt.Sprintf("s%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if len(selected.ProblemsOf()) == 0 {
			t.Errorf("s%d passes, although what it needs runs in a circle", i)
		}
	}
}

// TestShownProblems: what Docker Compose's config prints is shown, the value as
// it is written; what makes it fail is not. compose-go is asked which is which.
func TestShownProblems(t *testing.T) {
	stricter := map[string]string{ // a service of ours that compose-go lets pass
		"services: {a: {image: a, deploy: {resources: {limits: {cpus: \"-1\"}}}}}": "numbers out of range are refused everywhere",
	}
	for _, text := range []string{
		`services: {a: {image: "busybox:"}}`, `services: {a: {image: "not a name"}}`, `services: {a: {image: ""}}`,
		`services: {a: {image: a, restart: sometimes}}`, `services: {a: {image: a, stop_signal: SIGFOO}}`,
		`services: {a: {image: a, platform: /amd64}}`, `services: {a: {build: {context: /, platforms: [linux/amd64/v1/v2]}}}`,
		`services: {a: {image: a, container_name: x}}`, `services: {a: {image: a, container_name: "-xy"}}`,
		`services: {a: {image: a, volumes: [workspace]}}`, `services: {a: {image: a, volumes: [{type: volume}]}}`,
		`services: {a: {image: a, ports: [x]}}`, `services: {a: {image: a, ports: [{target: 80, protocol: xx}]}}`, `services: {a: {image: a, ports: [{target: 80, published: x}]}}`,
		`services: {a: {image: a, ports: [{target: 80, host_ip: x}]}}`, `services: {a: {image: a, expose: [x]}}`,
		`services: {a: {image: a, environment: ["=x"]}}`, `services: {a: {image: a, environment: ["A =x"]}}`, `services: {a: {image: a, labels: ["=x"]}}`,
		`services: {a: {image: a, stop_grace_period: abc}}`, `services: {a: {image: a, mem_limit: abc}}`,
		`services: {a: {image: a, healthcheck: {test: [CMD]}}}`, `services: {a: {image: a, healthcheck: {test: [curl, x]}}}`, `services: {a: {image: a, healthcheck: {start_interval: 1s}}}`,
		`services: {a: {image: a, deploy: {mode: foo}}}`, `services: {a: {image: a, deploy: {restart_policy: {condition: foo}}}}`, `services: {a: {image: a, deploy: {resources: {limits: {cpus: "-1"}}}}}`,
		`services: {a: {image: a, extra_hosts: [x]}}`, `services: {a: {image: a, dns: [x]}}`, `services: {a: {image: a, mac_address: x}}`,
		`services: {a: {image: a, networks: {n: {ipv4_address: x}}}}` + "\nnetworks: {n: {}}", `services: {a: {image: a}}` + "\nnetworks: {default: {ipam: {config: [{subnet: x}]}}}",
		`services: {a: {image: a, command: "a 'b"}}`, `services: {a: {}}`, `services: {a: {image: a, network_mode: host, networks: [default]}}`,
		`services: {a: {image: a, scale: 2, container_name: xx}}`, `services: {a: {image: a, provider: {type: compose}}}`,
		`services: {a: {image: a, develop: {watch: [{action: sync, path: .}]}}}`, `services: {a: {image: a, develop: {watch: [{action: rebuild, path: .}]}}}`,
		`services: {a: {image: a, pre_start: [{command: x, per_replica: true}]}}`, `services: {a: {image: a, post_start: [{}]}}`,
		`services: {a: {image: a, volumes: ["vol:/x"], tmpfs: [/x]}}` + "\nvolumes: {vol: {}}", `services: {a: {image: a, tmpfs: [/x, "/x:size=1m"]}}`,
		`services: {a: {image: a, secrets: [s]}}` + "\nsecrets: {s: {external: true}}", `services: {a: {image: a, secrets: [s]}}` + "\nsecrets: {s: {}}",
		`services: {a: {image: a, volumes: ["nowhere:/x"]}}`, `services: {a: {image: a, depends_on: [nobody]}}`, `services: {a: {image: a, depends_on: [a]}}`,
		`services: {a: {image: a, container_name: same}, b: {image: a, container_name: same}}`, `services: {a: {image: a, colour: red}}`,
		`services: {a: {image: "${NOPE:?}"}}`, `services: {a: {image: a, pull_policy: foo}}`,
	} {
		_, theirs := compose.LoadWithContext(context.Background(), types.ConfigDetails{
			WorkingDir: t.TempDir(), ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(text)}}, Environment: types.Mapping{},
		}, func(o *compose.Options) { o.SetProjectName("shop", true) })
		p := open(t, text, nil, loader.Input{})
		problems := p.ProblemsOf()
		shown := !slices.ContainsFunc(problems, func(p project.Problem) bool { return !p.Shown })
		switch {
		case len(problems) == 0:
			t.Errorf("%s passes", text)
		case shown != (theirs == nil) && stricter[text] == "":
			t.Errorf("%s is shown: %t; compose-go: %v", text, shown, theirs)
		case shown:
			sameAsCompose(t, text, p)
		}
	}
}

// sameAsCompose compares what is shown of a file with what compose-go makes of it.
func sameAsCompose(t *testing.T, text string, p *project.Project) {
	t.Helper()
	theirs, err := compose.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: p.Dir, ConfigFiles: []types.ConfigFile{{Filename: p.Dir + "/compose.yaml", Content: []byte(text)}}, Environment: types.Mapping{},
	}, func(o *compose.Options) { o.SetProjectName("shop", true); o.PruneUnnecessaryResources = true })
	if err != nil {
		t.Fatal(err)
	}
	want, err := theirs.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Compose.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is shown as\n%s\ncompose-go has\n%s", text, got, want)
	}
}

package convergence_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// drawProject draws and loads a project of up to four services.
func drawProject(t *rapid.T, dir, name string) *project.Project {
	text := drawCompose(t, name)
	file := filepath.Join(dir, "compose.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, _, err := loader.Load(t.Context(), loader.Input{Files: []string{file}, WorkingDir: dir, ProjectName: "demo", AllResources: true, Key: testKey()})
	if err != nil {
		t.Fatalf("load: %v\n%s", err, text)
	}
	return p
}

func drawCompose(t *rapid.T, name string) string {
	pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name+" "+what) }
	var b strings.Builder
	b.WriteString("services:\n")
	services := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 4, rapid.ID[string]).Draw(t, name+" services")
	slices.Sort(services)
	ports := rapid.Permutation([]int{81, 82, 83, 84}).Draw(t, name+" ports")
	for i, s := range services {
		fmt.Fprintf(&b, "  %s:\n    image: %q\n", s, pick("image", "x:1", "x:2"))
		if pick("hooks", "no", "no", "yes") == "yes" {
			b.WriteString("    pre_stop: [{command: bye}]\n    post_start: [{command: hi}]\n")
		}
		shares := drawJoins(&b, pick, services[:i])
		drawScaleOrPort(&b, pick, ports[i], shares)
		drawVolumes(&b, pick)
		drawDependencies(&b, pick, services[:i])
	}
	fmt.Fprintf(&b, "networks:\n  n1: {internal: %s}\n  n2:\n", pick("network", "true", "false"))
	fmt.Fprintf(&b, "volumes:\n  data: {driver_opts: {o: %q}}\n", pick("volume", "1", "2"))
	return b.String()
}

// drawScaleOrPort gives a port to a service that has a network of its own only.
func drawScaleOrPort(b *strings.Builder, pick func(string, ...string) string, port int, shares bool) {
	choices := []string{"port", "port", "name", "2", "1"}
	if shares {
		choices = choices[2:]
	}
	switch pick("scale", choices...) {
	case "port":
		fmt.Fprintf(b, "    ports: [\"%d:80\"]\n", port)
	case "name":
		fmt.Fprintf(b, "    container_name: named%d\n", port)
	case "2":
		b.WriteString("    scale: 2\n")
	}
}

func drawVolumes(b *strings.Builder, pick func(string, ...string) string) {
	switch pick("volumes", "none", "anon", "anon", "data", "both") {
	case "anon":
		b.WriteString("    volumes: [\"/anon\"]\n")
	case "data":
		b.WriteString("    volumes: [\"data:/data\"]\n")
	case "both":
		b.WriteString("    volumes: [\"/anon\", \"data:/data\"]\n")
	}
}

// drawJoins reports whether the service shares the network of another.
func drawJoins(b *strings.Builder, pick func(string, ...string) string, before []string) (shares bool) {
	kind := pick("joins", "no", "no", "net", "vol")
	if len(before) == 0 || kind == "no" {
		fmt.Fprintf(b, "    networks: [%s]\n", pick("networks", "n1", "n2", "n1, n2"))
		return false
	}
	other := pick("joined", before...)
	if kind == "vol" {
		fmt.Fprintf(b, "    volumes_from: [%s]\n    networks: [n1]\n", other)
		return false
	}
	fmt.Fprintf(b, "    network_mode: \"service:%s\"\n", other)
	return true
}

func drawDependencies(b *strings.Builder, pick func(string, ...string) string, before []string) {
	var deps []string
	for _, s := range before {
		if pick("depends", "no", "yes") == "yes" {
			deps = append(deps, fmt.Sprintf("%s: {condition: %s, restart: %s, required: %s}", s,
				pick("condition", "service_started", "service_healthy", "service_completed_successfully"),
				pick("restart", "true", "false"), pick("required", "true", "false")))
		}
	}
	if len(deps) > 0 {
		fmt.Fprintf(b, "    depends_on: {%s}\n", strings.Join(deps, ", "))
	}
}

// testKey keys digests in labels, the same in every test.
func testKey() project.Key { return project.NewKey([]byte("test")) }

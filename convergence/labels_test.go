package convergence_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// labelsOf plans the file and returns what is created.
func labelsOf(t *testing.T, yaml string, have string) (map[plan.StepID]map[string]string, map[plan.StepID]engine.CreateSpec) {
	t.Helper()
	want := load(t, yaml, "")
	p, err := up.PlanUp(want, observation(t, want, want, have), up.UpOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	labels, specs := map[plan.StepID]map[string]string{}, map[plan.StepID]engine.CreateSpec{}
	for _, s := range p.Steps {
		switch a := s.Action.(type) {
		case plan.CreateContainer:
			labels[s.ID], specs[s.ID] = a.Spec.Labels, a.Spec
		case plan.CreateNetwork:
			labels[s.ID] = a.Labels
		case plan.CreateVolume:
			labels[s.ID] = a.Labels
		}
	}
	return labels, specs
}

const labelledFile = `
services:
  web:
    image: x:1
    restart: on-failure:3
    labels: {mine: "1"}
    depends_on: {db: {condition: service_healthy, restart: true}, cache: {condition: service_started}}
    configs: [c]
  db: {image: "x:1", volumes: ["data:/data"]}
  cache: {image: "x:1"}
configs: {c: {content: x}}
networks: {default: {labels: {theirs: "2"}}}
volumes: {data: }
`

// TestLabels holds what is created to the labels of Docker Compose, and ours.
func TestLabels(t *testing.T) {
	labels, specs := labelsOf(t, labelledFile, "image x:1")
	web := labels["web-1/create"]
	for key, want := range map[string]string{
		"mine":                                "1",
		"com.docker.compose.project":          "demo",
		"com.docker.compose.service":          "web",
		"com.docker.compose.version":          "5.5.0",
		"com.docker.compose.oneoff":           "False",
		"com.docker.compose.container-number": "1",
		"com.docker.compose.depends_on":       "cache:service_started:false,db:service_healthy:true",
		"com.docker.compose.image":            digest("x:1"),
		"com.docker.compose.config-hash":      string(specs["web-1/create"].Service.Hash),
		"dev.muster.restart.policy":           "on-failure:3",
		"dev.muster.restart.owner":            "engine",
	} {
		if web[key] != want {
			t.Errorf("label %s is %q, want %q", key, web[key], want)
		}
	}
	if dir := web["com.docker.compose.project.working_dir"]; dir == "" || web["com.docker.compose.project.config_files"] != dir+"/compose.yaml" {
		t.Errorf("working_dir %q, config_files %q", dir, web["com.docker.compose.project.config_files"])
	}
	if s := web["dev.muster.sections"]; !strings.Contains(s, "image=") || !strings.Contains(s, ",restart=") || strings.Contains(s, "depends_on") {
		t.Errorf("sections: %s", s)
	}
	if c := web["dev.muster.content"]; !strings.HasPrefix(c, "config:c=") {
		t.Errorf("content: %s", c)
	}
	if _, set := web["com.docker.compose.project.environment_file"]; set {
		t.Error("environment_file without --env-file")
	}
	if d, set := labels["db-1/create"]["com.docker.compose.depends_on"]; !set || d != "" {
		t.Errorf("depends_on of a service without dependencies is %q, %t; Compose sets it empty", d, set)
	}
	network := map[string]string{
		"theirs": "2", "com.docker.compose.network": "default", "com.docker.compose.project": "demo", "com.docker.compose.version": "5.5.0",
		"com.docker.compose.config-hash": labels["network default/create"]["com.docker.compose.config-hash"],
	}
	if got := labels["network default/create"]; !maps.Equal(got, network) || len(got["com.docker.compose.config-hash"]) != 64 {
		t.Errorf("network labels: %v", got)
	}
	if got := labels["volume data/create"]; got["com.docker.compose.volume"] != "data" || len(got) != 4 {
		t.Errorf("volume labels: %v", got)
	}
}

// TestLabelsReplace: a successor that inherits anonymous volumes says so.
func TestLabelsReplace(t *testing.T) {
	labels, _ := labelsOf(t, "services: {web: {image: \"x:1\", volumes: [\"/data\"]}, db: {image: \"x:1\"}}",
		"everything\ncontainer web-1 label:com.docker.compose.config-hash=old\ncontainer db-1 label:com.docker.compose.config-hash=old")
	if got := labels["web-1/create"][project.LabelReplace]; got != "web-1" {
		t.Errorf("replace is %q", got)
	}
	if got, set := labels["db-1/create"][project.LabelReplace]; set {
		t.Errorf("replace is %q without inherited volumes", got)
	}
}

// TestComplete: what the plan could not know is asked for and filled in, and
// the plan's own spec stays as it was.
func TestComplete(t *testing.T) {
	const yaml = "services: {app: {image: \"x:1\"}, side: {image: \"y:1\", network_mode: \"service:app\"}}"
	_, specs := labelsOf(t, yaml, "image x:1\nnetwork default")
	if images, refs := specs["app-1/create"].Open(); len(images)+len(refs) > 0 {
		t.Errorf("everything about app was known, but %v and %v are open", images, refs)
	}
	side := specs["side-1/create"]
	images, refs := side.Open()
	if len(images) != 1 || images[0].Ref != "y:1" || len(refs) != 1 || refs["app"].Name != "demo-app-1" {
		t.Fatalf("open: %v, %v", images, refs)
	}
	before := maps.Clone(side.Labels)
	done, err := side.Complete([]engine.Image{{Ref: "y:1", ID: "id", Digest: "sha256:d"}}, map[string]string{"app": "c0ffee"})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := side.Service.HashResolved(map[string]string{"app": "c0ffee"})
	if err != nil {
		t.Fatal(err)
	}
	if done.ImageID != "id" || done.Labels[project.LabelImage] != "sha256:d" || done.Refs["app"].ID != "c0ffee" ||
		done.Labels[project.LabelConfigHash] != string(hash) {
		t.Errorf("completed: %+v", done)
	}
	if !maps.Equal(side.Labels, before) || side.Refs["app"].ID != "" {
		t.Error("Complete wrote to the plan's spec")
	}
	if images, refs := done.Open(); len(images)+len(refs) > 0 {
		t.Errorf("still open: %v, %v", images, refs)
	}
}

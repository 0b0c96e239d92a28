package cmd

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// The kinds of containers that bear the labels of one project, by the names they
// have in TestWhoseContainers.
const (
	own      = "shop-web-1"           // of a service of the given files
	orphan   = "shop-store-1"         // of a service of another file
	oneOff   = "shop-web-run-abc"     // made by run
	hook     = "shop-web-pre_start-0" // of a pre_start hook
	commited = "try-it-out"           // run by hand from a commit of web's container, on the project's network
	built    = "by-hand"              // run by hand from the image that was built for web
	unused   = "never-started"        // as built, and never started
)

// crowd is an engine with one container of each kind, all of project shop.
func crowd(t *testing.T, running bool) *shelf {
	h := newShelf(t, map[string]string{
		"a.yaml": `
name: shop
services:
  web: {image: "muster-test/busybox:1", command: "sh -c 'echo of web; exec sleep 1000'", init: true, ports: ["80"]}
`,
		"b.yaml": `
name: shop
services:
  store: {image: "muster-test/busybox:1", command: "sh -c 'echo of store; exec sleep 1000'", init: true}
`,
		"file": "x",
	})
	h.must("-f", "b.yaml", "up", "-d")
	h.must("-f", "a.yaml", "up", "-d")
	h.must("-f", "a.yaml", "run", "-d", "--name", oneOff, "web", "sleep", "1000")
	cs, err := h.engine.ListContainers(t.Context(), engine.ContainerFilter{Project: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	web := cs[slices.IndexFunc(cs, func(c engine.Container) bool { return c.Name == own })]
	like := func(name string, state engine.State, change func(labels map[string]string)) engine.Container {
		c := web
		c.Ref, c.State, c.ImageID, c.Labels = engine.Ref{Name: name}, state, "sha256:another", maps.Clone(web.Labels)
		change(c.Labels)
		return c
	}
	image := func(labels map[string]string) {
		maps.DeleteFunc(labels, func(k, _ string) bool {
			return !slices.Contains([]string{project.LabelProject, project.LabelService, project.LabelVersion}, k)
		})
	}
	ofHook := func(labels map[string]string) {
		delete(labels, project.LabelConfigHash)
		delete(labels, project.LabelOneOff)
		labels[project.LabelHook], labels[project.LabelName] = "pre_start", hook
	}
	strangers := engine.Observed{Containers: []engine.Container{
		like(commited, engine.Running, func(map[string]string) {}),
		like(built, engine.Running, image),
		like(unused, engine.Created, image),
		like(hook, engine.Running, ofHook),
	}}
	h.engine.Seed(strangers)
	hand := h.engine.ByHand()
	for _, name := range []string{hook, commited, built} { // so that there are events of them
		c := engine.Ref{Name: name}
		if err := errors.Join(hand.PauseContainer(t.Context(), c), hand.UnpauseContainer(t.Context(), c)); err != nil {
			t.Fatal(err)
		}
	}
	if err := hand.CopyTo(t.Context(), web.Ref, []engine.FileContent{{Path: "/note", Content: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if !running {
		h.must("-f", "a.yaml", "stop", "-t", "0", "web")
	}
	h.engine.ForgetCalls()
	return h
}

// touched are the containers that a command line worked on, or whose names it
// printed, sorted.
func touched(h *shelf, stdout string) []string {
	var names []string
	for _, name := range []string{own, orphan, oneOff, hook, commited, built, unused} {
		asked := slices.ContainsFunc(h.engine.Calls(), func(c memengine.Call) bool { return c.Target == name && c.Method != "InspectContainer" })
		if asked || strings.Contains(stdout, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestWhoseContainers holds every command to one rule: a command is about the
// replicas of the services of the given files; about those of other files of the
// project only where it says so; never about containers that merely bear the
// project's labels, which travel with images.
func TestWhoseContainers(t *testing.T) {
	type words = []string
	tried := map[string]bool{}
	for _, c := range []struct {
		line string
		want words
	}{
		{"-f a.yaml ps --format {{.Name}}", words{own, orphan}},
		{"-f a.yaml ps -a --format {{.Name}}", words{own, orphan, oneOff}},
		{"-f a.yaml ps -a --orphans=false --format {{.Name}}", words{own, oneOff}},
		{"-p shop ps -a --format {{.Name}}", words{own, orphan, oneOff}},
		{"-f a.yaml logs", words{own, oneOff}},
		{"-p shop logs", words{own, orphan, oneOff}},
		{"-f a.yaml top", words{own, orphan, oneOff}},
		{"-f a.yaml top web", words{own, oneOff}},
		{"-f a.yaml stats --no-stream", words{own, orphan, oneOff}},
		{"-f a.yaml images", words{own, orphan, oneOff}},
		{"-f a.yaml images web", words{own, oneOff}},
		{"-f a.yaml stop -t 0", words{own}},
		{"-p shop stop -t 0", words{own, orphan}},
		{"-f a.yaml restart -t 0", words{own}},
		{"-p shop restart -t 0", words{own, orphan}},
		{"-f a.yaml kill", words{own, oneOff}},
		{"-f a.yaml kill --remove-orphans", words{own, orphan, oneOff}},
		{"-p shop kill", words{own, orphan, oneOff}},
		{"-f a.yaml pause", words{own}},
		{"-p shop pause", words{own, orphan}},
		{"-f a.yaml rm -sf", words{own}},
		{"-p shop rm -sf", words{own, orphan}},
		{"-f a.yaml down -t 0", words{own, hook}},
		{"-f b.yaml down -t 0", words{orphan}},
		{"-f a.yaml down -t 0 web", words{own, hook}},
		{"-f a.yaml down -t 0 --remove-orphans", words{own, orphan, oneOff, hook}},
		{"-p shop down -t 0", words{own, orphan, hook}},
		{"-f a.yaml start", words{}},
		{"-f a.yaml up -d", words{}},
		{"-f a.yaml up -d -t 0 --force-recreate", words{own}},
		{"-f a.yaml up -d -t 0 --remove-orphans", words{orphan}},
		{"-f a.yaml up -d -t 0 --scale web=0", words{own}},
		{"-f a.yaml create --force-recreate", words{own}},
		{"-f a.yaml scale web=1", words{}},
		{"-f a.yaml run --rm web true", words{}},
		{"-f a.yaml exec -T web true", words{own}},
		{"-f a.yaml cp file web:/file", words{own}},
		{"-f a.yaml cp --all file web:/file", words{own, oneOff}},
		{"-f a.yaml cp web:/note .", words{own}},
		{"-f a.yaml export -o web.tar web", words{own}},
		{"-f a.yaml commit web", words{own}},
		{"-f a.yaml plan", words{}},
		{"-f a.yaml events --since 1h --until 0s --json", words{own, orphan, hook}},
	} {
		tried[strings.Fields(c.line)[2]] = true
		t.Run(c.line, func(t *testing.T) {
			h := crowd(t, true)
			out := h.must(strings.Fields(c.line)...)
			slices.Sort(c.want)
			if got := touched(h, out); !slices.Equal(got, c.want) {
				t.Errorf("muster %s is about %q, want %q\n%s", c.line, got, c.want, out)
			}
		})
	}
	elsewhere := []string{"attach", "port", "wait", "ls", "volumes", "watch", "supervise", "unpause"} // the tests below, and convergence's
	without := []string{"build", "completion", "config", "help", "pull", "push", "version"}           // work on no containers
	for _, c := range Tree(&App{}).Commands() {
		if !c.Hidden && !tried[c.Name()] && !slices.Contains(slices.Concat(elsewhere, without), c.Name()) {
			t.Errorf("which containers %s is about is not tried", c.Name())
		}
	}
}

// TestNobodyStandsInForTheService: where no container of the service runs, none
// that bears its labels is taken for one.
func TestNobodyStandsInForTheService(t *testing.T) {
	h := crowd(t, false)
	h.must("-p", "shop", "rm", "-f", "web")
	h.must("-f", "a.yaml", "kill")
	h.engine.ForgetCalls()
	for _, c := range []struct{ line, says string }{
		{"-f a.yaml exec -T web true", `service "web" is not running`},
		{"-f a.yaml attach web", `service "web" is not running`},
		{"-f a.yaml port web 80", `service "web" is not running`},
		{"-f a.yaml wait web", `no containers for project "shop"`},
		{"-f a.yaml cp file web:/file", `no container found for service "web"`},
		{"-f a.yaml export --index 1 -o web.tar web", `service "web" has no container #1`},
		{"-f a.yaml commit --index 1 web", `service "web" has no container #1`},
		{"-f a.yaml start web", `service "web" has no container to start`},
	} {
		out, errs, code := h.run(strings.Fields(c.line)...)
		if got := touched(h, out); code != 1 || len(got) > 0 || !strings.Contains(errs, c.says) {
			t.Errorf("muster %s ends with code %d and is about %q, want 1 and %q\n%s%s", c.line, code, got, c.says, out, errs)
		}
	}
}

// TestStrangersAreNoProject: containers that bear a project's labels at most do
// not make one, nor its volumes theirs, nor keep an attached up going.
func TestStrangersAreNoProject(t *testing.T) {
	h := crowd(t, true)
	h.must("-p", "shop", "kill")
	h.must("-p", "shop", "down", "-t", "0", "--remove-orphans")
	if out := h.must("ls", "-a", "-q"); out != "" {
		t.Errorf("projects: %q", out)
	}
	out, errs, code := h.run("-p", "shop", "volumes", "web")
	if code != 1 || !strings.Contains(errs, "no such service: web") {
		t.Errorf("volumes of a stranger's service: %d\n%s%s", code, out, errs)
	}
	h.write("c.yaml", "name: shop\nservices: {web: {image: \"muster-test/busybox:1\", command: echo once}}\n")
	out = h.must("-f", "c.yaml", "up")
	if !strings.Contains(out, "once") || strings.Contains(out, commited) || strings.Contains(out, built) {
		t.Errorf("up shows\n%s", out)
	}
}

// TestUnpauseIsOfTheFiles: what another file's service has paused stays so.
func TestUnpauseIsOfTheFiles(t *testing.T) {
	h := crowd(t, true)
	h.must("-p", "shop", "pause")
	if err := h.engine.ByHand().PauseContainer(t.Context(), engine.Ref{Name: commited}); err != nil {
		t.Fatal(err)
	}
	h.engine.ForgetCalls()
	if got := touched(h, h.must("-f", "a.yaml", "unpause")); !slices.Equal(got, []string{own}) {
		t.Errorf("unpause is about %q", got)
	}
}

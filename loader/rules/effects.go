package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// idle is the check of attributes that have no effect wherever they are.
func idle(msg string) func(*At) { return func(a *At) { a.idle(msg) } }

// clusterSection warns of sections that say anything.
func clusterSection(a *At) {
	if a.Node.Kind == node.Scalar || len(a.Node.Fields)+len(a.Node.Items) > 0 {
		a.idle("needs a cluster and has no effect on a single engine")
	}
}

// other is the check of words that have no effect but for those that do.
func other(msg func(word string) string, but ...string) func(*At) {
	return func(a *At) {
		if word, ok := a.Node.Str(); ok && !slices.Contains(but, word) {
			a.idle(msg(word))
		}
	}
}

func clusterMode(mode string) string {
	return fmt.Sprintf("mode %s needs a cluster; running the service as replicated", mode)
}

func windowsOnly(string) string { return "needs Windows containers and has no effect" }

func noEffect(string) string { return "has no effect" }

// unrestarted says that a container which nothing may restart is not restarted
// for its health either.
func unrestarted(a *At) {
	if policy, err := project.RestartPolicy(a.spec()); err != nil || policy.Restarts() {
		return
	}
	if do, ok := a.Node.Str(); ok && do == "restart" {
		a.idle("has no effect under the restart policy no; set restart: on-failure, unless-stopped or always")
	}
}

// buildSecret says that a Dockerfile decides who may read a secret.
func buildSecret(a *At) {
	a.point(a.Key, a.Path(), "has no effect on a build, whose steps say so themselves", "write RUN --mount=type=secret,id=…,"+a.elem+"=…")
}

// hostFile says that owner and mode of a file on the host stay the host's.
func hostFile(a *At) {
	source, ok := a.parent.Node.Get("source").Str()
	if !ok {
		return
	}
	file := a.run.p.Model.Configs[source].File
	if a.parent.parent.elem == "secrets" {
		file = a.run.p.Model.Secrets[source].File
	}
	if file != "" {
		a.point(a.Key, a.Path(), "has no effect on a file of the host, which keeps its owner and mode", a.rule.Fix)
	}
}

// ExtensionKeys are the keys of x-muster.
func ExtensionKeys() []string {
	return []string{"ready", "on_unhealthy", "cascade", "crash_loop", "notify"}
}

// misnamed looks for a misspelt x-muster: an extension of nearly that name that
// says what x-muster can say.
func misnamed(a *At) {
	for _, f := range a.Node.Fields {
		says := slices.ContainsFunc(ExtensionKeys(), func(key string) bool { return f.Node.Get(key) != nil })
		near := strings.HasPrefix(f.Key, "x-") && f.Key != project.ExtensionKey && hint.Nearest(strings.ToLower(f.Key), []string{project.ExtensionKey}) != ""
		if says && near {
			a.field(f, "has no effect")
		}
	}
}

func oldInitialSync(a *At) {
	if _, ok := a.Node.Value.(bool); !ok {
		a.point(a.Key, a.Path(), "has no effect: it must be true or false", a.rule.Fix)
		return
	}
	a.point(a.Key, a.Path(), "is deprecated; treated as initial_sync", a.rule.Fix)
}

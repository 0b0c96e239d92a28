package loader

import (
	"fmt"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// warnUnsupported says for every element that a single engine has no use for
// that it is ignored: nothing in a file is ignored silently.
func (s *session) warnUnsupported(tree *node, model *types.Project) {
	for _, name := range sortedKeys(model.Services) {
		n := tree.at("services", name)
		path := "services." + name
		for _, key := range []string{"update_config", "rollback_config", "placement", "endpoint_mode", "labels"} {
			if section := n.at("deploy", key); section == nil || section.kind == scalar || len(section.fields)+len(section.items) > 0 {
				s.warnField(n.get("deploy"), path+".deploy", key, "needs a cluster, it has no effect on one engine")
			}
		}
		if mode, ok := n.at("deploy", "mode").str(); ok && mode != "replicated" {
			s.warnField(n.get("deploy"), path+".deploy", "mode", fmt.Sprintf("mode %s needs a cluster, the service runs as replicated", mode))
		}
		for _, key := range []string{"cpus", "generic_resources", "pids"} {
			s.warnField(n.at("deploy", "resources", "reservations"), path+".deploy.resources.reservations", key, "needs a cluster, it has no effect on one engine")
		}
		if how, ok := n.at("build", "isolation").str(); ok && how != "default" {
			s.warnField(n.get("build"), path+".build", "isolation", "needs Windows containers, it has no effect")
		}
		s.warnField(n, path, "pull_refresh_after", "has no effect; use pull_policy: every_12h")
		s.warnNetworkMode(n, path, model.Services[name])
		s.warnUnrestarted(n, path, model.Services[name])
		s.warnPorts(n.get("ports"), path+".ports")
		s.warnBuildSecrets(n.at("build", "secrets"), path+".build.secrets")
		s.warnFileRefs(n.get("configs"), path+".configs", func(key string) bool { return model.Configs[key].File != "" })
		s.warnFileRefs(n.get("secrets"), path+".secrets", func(key string) bool { return model.Secrets[key].File != "" })
	}
}

func (s *session) warnField(n *node, path, key, msg string) {
	if n == nil {
		return
	}
	if i := n.index(key); i >= 0 && !n.fields[i].node.bad && !n.fields[i].node.refused {
		s.warn(Warning{Pos: n.fields[i].pos, Path: path + "." + key, Msg: msg})
	}
}

// warnUnrestarted says that a container which nothing may restart is not
// restarted for its health either.
func (s *session) warnUnrestarted(n *node, path string, sv types.ServiceConfig) {
	if policy, err := project.RestartPolicy(sv); err != nil || policy.Restarts() {
		return
	}
	if do, ok := n.at("x-muster", "on_unhealthy").str(); ok && do == "restart" {
		s.warnField(n.get("x-muster"), path+".x-muster", "on_unhealthy", "has no effect under the restart policy no; set restart: on-failure, unless-stopped or always")
	}
}

func (s *session) warnPorts(ports *node, path string) {
	if ports == nil {
		return
	}
	for i, p := range ports.items {
		at := path + indexElem(i)
		if mode, ok := p.get("mode").str(); ok && mode != "ingress" && mode != "host" {
			s.warnField(p, at, "mode", "has no effect")
		}
	}
}

// warnBuildSecrets says that a Dockerfile decides who may read a secret.
func (s *session) warnBuildSecrets(refs *node, path string) {
	if refs == nil {
		return
	}
	for i, ref := range refs.items {
		for _, f := range ref.fields {
			if f.key == "uid" || f.key == "gid" || f.key == "mode" {
				s.warn(Warning{Pos: f.pos, Path: path + indexElem(i) + "." + f.key, Msg: "has no effect on a build, whose steps say so themselves", Hint: "write RUN --mount=type=secret,id=…," + f.key + "=…"})
			}
		}
	}
}

// warnFileRefs says that owner and mode of a file on the host stay the host's.
func (s *session) warnFileRefs(refs *node, path string, onHost func(string) bool) {
	if refs == nil {
		return
	}
	for i, ref := range refs.items {
		source, ok := ref.get("source").str()
		if !ok || !onHost(source) {
			continue
		}
		for _, f := range ref.fields {
			if f.key == "uid" || f.key == "gid" || f.key == "mode" {
				s.warn(Warning{Pos: f.pos, Path: path + indexElem(i) + "." + f.key, Msg: "has no effect on a file of the host, which keeps its owner and mode", Hint: "give the content through environment:"})
			}
		}
	}
}

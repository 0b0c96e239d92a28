package loader

import (
	"fmt"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// warnUnsupported says for every element that a single engine has no use for
// that it is ignored: nothing in a file is ignored silently.
func (s *session) warnUnsupported(tree *node.Node, model *types.Project) {
	for _, name := range sortedKeys(model.Services) {
		n := tree.At("services", name)
		path := "services." + name
		for _, key := range []string{"update_config", "rollback_config", "placement", "endpoint_mode", "labels"} {
			if section := n.At("deploy", key); section == nil || section.Kind == node.Scalar || len(section.Fields)+len(section.Items) > 0 {
				s.warnField(n.Get("deploy"), path+".deploy", key, "needs a cluster, it has no effect on one engine")
			}
		}
		if mode, ok := n.At("deploy", "mode").Str(); ok && mode != "replicated" {
			s.warnField(n.Get("deploy"), path+".deploy", "mode", fmt.Sprintf("mode %s needs a cluster, the service runs as replicated", mode))
		}
		for _, key := range []string{"cpus", "generic_resources", "pids"} {
			s.warnField(n.At("deploy", "resources", "reservations"), path+".deploy.resources.reservations", key, "needs a cluster, it has no effect on one engine")
		}
		if how, ok := n.At("build", "isolation").Str(); ok && how != "default" {
			s.warnField(n.Get("build"), path+".build", "isolation", "needs Windows containers, it has no effect")
		}
		s.warnField(n, path, "pull_refresh_after", "has no effect; use pull_policy: every_12h")
		s.warnNetworkMode(n, path, model.Services[name])
		s.warnUnrestarted(n, path, model.Services[name])
		s.warnPorts(n.Get("ports"), path+".ports")
		s.warnBuildSecrets(n.At("build", "secrets"), path+".build.secrets")
		s.warnFileRefs(n.Get("configs"), path+".configs", func(key string) bool { return model.Configs[key].File != "" })
		s.warnFileRefs(n.Get("secrets"), path+".secrets", func(key string) bool { return model.Secrets[key].File != "" })
	}
}

func (s *session) warnField(n *node.Node, path, key, msg string) {
	if n == nil {
		return
	}
	if i := n.Index(key); i >= 0 && !n.Fields[i].Node.Bad && !n.Fields[i].Node.Refused {
		s.warn(Warning{Pos: n.Fields[i].Pos, Path: path + "." + key, Msg: msg})
	}
}

// warnUnrestarted says that a container which nothing may restart is not
// restarted for its health either.
func (s *session) warnUnrestarted(n *node.Node, path string, sv types.ServiceConfig) {
	if policy, err := project.RestartPolicy(sv); err != nil || policy.Restarts() {
		return
	}
	if do, ok := n.At("x-muster", "on_unhealthy").Str(); ok && do == "restart" {
		s.warnField(n.Get("x-muster"), path+".x-muster", "on_unhealthy", "has no effect under the restart policy no; set restart: on-failure, unless-stopped or always")
	}
}

func (s *session) warnPorts(ports *node.Node, path string) {
	if ports == nil {
		return
	}
	for i, p := range ports.Items {
		at := path + node.IndexElem(i)
		if mode, ok := p.Get("mode").Str(); ok && mode != "ingress" && mode != "host" {
			s.warnField(p, at, "mode", "has no effect")
		}
	}
}

// warnBuildSecrets says that a Dockerfile decides who may read a secret.
func (s *session) warnBuildSecrets(refs *node.Node, path string) {
	if refs == nil {
		return
	}
	for i, ref := range refs.Items {
		for _, f := range ref.Fields {
			if f.Key == "uid" || f.Key == "gid" || f.Key == "mode" {
				s.warn(Warning{Pos: f.Pos, Path: path + node.IndexElem(i) + "." + f.Key, Msg: "has no effect on a build, whose steps say so themselves", Hint: "write RUN --mount=type=secret,id=…," + f.Key + "=…"})
			}
		}
	}
}

// warnFileRefs says that owner and mode of a file on the host stay the host's.
func (s *session) warnFileRefs(refs *node.Node, path string, onHost func(string) bool) {
	if refs == nil {
		return
	}
	for i, ref := range refs.Items {
		source, ok := ref.Get("source").Str()
		if !ok || !onHost(source) {
			continue
		}
		for _, f := range ref.Fields {
			if f.Key == "uid" || f.Key == "gid" || f.Key == "mode" {
				s.warn(Warning{Pos: f.Pos, Path: path + node.IndexElem(i) + "." + f.Key, Msg: "has no effect on a file of the host, which keeps its owner and mode", Hint: "give the content through environment:"})
			}
		}
	}
}

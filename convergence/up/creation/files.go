package creation

import (
	"path"
	"strconv"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/project"
)

// FileUse is a config or secret of the project as a service uses it.
type FileUse struct {
	File     *project.File
	Target   string
	uid, gid string
	mode     uint32
	pos      project.Position
}

// defaultFileMode lets everybody in the container read a config or secret.
const defaultFileMode = 0o444

// FileUses are the service's configs and secrets, except those that an explicit
// mount at the same target hides.
func FileUses(p *project.Project, s *project.Service) []FileUse {
	var uses []FileUse
	add := func(kind, source, target, uid, gid string, mode *int64, files []*project.File, dir string, i int) {
		use := FileUse{uid: uid, gid: gid, mode: defaultFileMode, pos: p.Positions.Of("services", s.Name, kind, "["+strconv.Itoa(i)+"]")}
		for _, f := range files {
			if f.Key == source {
				use.File = f
			}
		}
		if target == "" {
			target = source
		}
		use.Target = target
		if !path.IsAbs(target) {
			use.Target = path.Join(dir, target)
		}
		if mode != nil {
			use.mode = uint32(*mode)
		}
		if declared, _ := MountAt(s, use.Target); !declared && use.File != nil {
			uses = append(uses, use)
		}
	}
	for i, c := range s.Spec.Configs {
		add("configs", c.Source, c.Target, c.UID, c.GID, (*int64)(c.Mode), p.Configs, "/", i)
	}
	for i, c := range s.Spec.Secrets {
		add("secrets", c.Source, c.Target, c.UID, c.GID, (*int64)(c.Mode), p.Secrets, "/run/secrets", i)
	}
	return uses
}

// CheckFiles refuses configs and secrets whose content cannot be had. A container
// that has run has the content of then: it keeps it, with a warning.
func CheckFiles(n *plan.Notes, p *project.Project, s *project.Service, ran bool) {
	unavailable := n.Fail
	if ran {
		unavailable = func(pos project.Position, format string, args ...any) {
			n.WarnOnce("%v; containers keep what they have of it", plan.At(pos, format, args...))
		}
	}
	for _, use := range FileUses(p, s) {
		kind := "config"
		if use.File.Secret {
			kind = "secret"
		}
		if use.File.Missing {
			unavailable(use.File.Pos, "service %s: %s %s: environment variable %s is not set", s.Name, kind, use.File.Key, use.File.Variable)
		}
		if use.File.External {
			unavailable(use.File.Pos, "service %s: %s %s is external, which only an orchestrator with a store for it has", s.Name, kind, use.File.Key)
		}
		for _, id := range []string{use.uid, use.gid} {
			if _, err := strconv.ParseUint(id, 10, 31); id != "" && err != nil && use.File.Path == "" {
				n.Fail(use.pos, "service %s: %s %s: %q is not a numeric user or group ID", s.Name, kind, use.File.Key, id)
			}
		}
	}
}

// ContainerFiles are the configs and secrets that are copied into containers:
// those that are no host files.
func ContainerFiles(p *project.Project, s *project.Service) []plan.ContainerFile {
	var files []plan.ContainerFile
	for _, use := range FileUses(p, s) {
		if use.File.Path != "" || use.File.External || use.File.Missing {
			continue
		}
		files = append(files, plan.ContainerFile{
			File: use.File, Path: use.Target, Mode: use.mode, UID: numeric(use.uid), GID: numeric(use.gid),
		})
	}
	return files
}

// numeric is a user or group ID; CheckFiles has refused everything else.
func numeric(id string) int {
	n, err := strconv.Atoi(id)
	if err != nil {
		return 0
	}
	return n
}

func cleanTarget(target string) string { return path.Clean("/" + target) }

// tmpfsTarget is the path of an entry of tmpfs, which may carry options.
func tmpfsTarget(entry string) string {
	target, _, _ := strings.Cut(entry, ":")
	return target
}

// MountAt reports whether the service mounts something at the target, and
// whether that is anything else than an anonymous volume.
func MountAt(s *project.Service, target string) (declared, named bool) {
	for _, v := range s.Spec.Volumes {
		if cleanTarget(v.Target) == cleanTarget(target) {
			return true, v.Type != "volume" || v.Source != ""
		}
	}
	for _, t := range s.Spec.Tmpfs {
		if cleanTarget(tmpfsTarget(t)) == cleanTarget(target) {
			return true, true
		}
	}
	return false, false
}

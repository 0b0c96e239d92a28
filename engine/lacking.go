package engine

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/musterdev/muster/project"
)

// lacking is the error of a call that an engine does not have.
func lacking(call string) error { return fmt.Errorf("%s: %w", call, ErrUnsupported) }

// The types below stand in for the roles that a backend does not declare.
type (
	noContainers struct{}
	noNetworks   struct{}
	noVolumes    struct{}
	noImages     struct{}
	noEvents     struct{}
	noInside     struct{}
	noInfo       struct{}
	noCloser     struct{}
)

func (noContainers) ListContainers(context.Context, ContainerFilter) ([]Container, error) {
	return nil, lacking("list containers")
}
func (noContainers) InspectContainer(context.Context, Ref) (Inspection, error) {
	return Inspection{}, lacking("inspect container")
}
func (noContainers) CreateContainer(context.Context, CreateSpec) (CreateResult, error) {
	return CreateResult{}, lacking("create container")
}
func (noContainers) StartContainer(context.Context, Ref) error { return lacking("start container") }
func (noContainers) StopContainer(context.Context, Ref, *time.Duration) error {
	return lacking("stop container")
}
func (noContainers) RestartContainer(context.Context, Ref, *time.Duration) error {
	return lacking("restart container")
}
func (noContainers) KillContainer(context.Context, Ref, string) error {
	return lacking("kill container")
}
func (noContainers) PauseContainer(context.Context, Ref) error   { return lacking("pause container") }
func (noContainers) UnpauseContainer(context.Context, Ref) error { return lacking("unpause container") }
func (noContainers) RenameContainer(context.Context, Ref, string) error {
	return lacking("rename container")
}
func (noContainers) RemoveContainer(context.Context, Ref, bool) error {
	return lacking("remove container")
}
func (noContainers) SetRestartPolicy(context.Context, Ref, string) error {
	return lacking("set the restart policy")
}
func (noContainers) WaitContainer(context.Context, Ref) (int, error) {
	return 0, lacking("wait for container")
}
func (noContainers) Logs(context.Context, Ref, LogOptions, func(LogLine) error) error {
	return lacking("read logs")
}

func (noNetworks) ListNetworks(context.Context) ([]Network, error) {
	return nil, lacking("list networks")
}
func (noNetworks) CreateNetwork(context.Context, *project.Network, map[string]string) (string, error) {
	return "", lacking("create network")
}
func (noNetworks) RemoveNetwork(context.Context, string) error { return lacking("remove network") }
func (noNetworks) ConnectNetwork(context.Context, Ref, EndpointSpec) error {
	return lacking("connect to network")
}
func (noNetworks) DisconnectNetwork(context.Context, Ref, string) error {
	return lacking("disconnect from network")
}

func (noVolumes) ListVolumes(context.Context) ([]Volume, error) { return nil, lacking("list volumes") }
func (noVolumes) CreateVolume(context.Context, *project.Volume, map[string]string) error {
	return lacking("create volume")
}
func (noVolumes) RemoveVolume(context.Context, string) error { return lacking("remove volume") }

func (noImages) ListImages(context.Context, []ImageRef) ([]Image, error) {
	return nil, lacking("list images")
}
func (noImages) ListBuiltImages(context.Context, string) ([]BuiltImage, error) {
	return nil, lacking("list images")
}
func (noImages) PullImage(context.Context, ImageRef, func(Progress)) error {
	return lacking("pull image")
}
func (noImages) PushImage(context.Context, ImageRef, func(Progress)) error {
	return lacking("push image")
}
func (noImages) ResolveDigest(context.Context, ImageRef) (string, error) {
	return "", lacking("resolve image")
}
func (noImages) BuildImage(context.Context, BuildSpec, func(Progress)) error {
	return lacking("build image")
}
func (noImages) RemoveImage(context.Context, string) error { return lacking("remove image") }
func (noImages) PruneImages(context.Context, string) error { return lacking("prune images") }

func (noEvents) EventsBetween(context.Context, string, string, string) (EventStream, error) {
	return nil, lacking("read events")
}
func (noEvents) Watch(context.Context, string) (EventStream, error) {
	return nil, lacking("watch events")
}
func (noEvents) Recall(context.Context, string) ([]Event, error) { return nil, lacking("read events") }

func (noInside) Exec(context.Context, Ref, ExecSpec) (ExecResult, error) {
	return ExecResult{}, lacking("exec")
}
func (noInside) StartExec(context.Context, Ref, ExecSpec, SessionOptions) (Session, error) {
	return nil, lacking("exec")
}
func (noInside) StartExecDetached(context.Context, Ref, ExecSpec) error { return lacking("exec") }
func (noInside) AttachContainer(context.Context, Ref, SessionOptions) (Session, error) {
	return nil, lacking("attach to container")
}
func (noInside) CopyTo(context.Context, Ref, []FileContent) error {
	return lacking("copy into container")
}
func (noInside) CopyArchive(context.Context, Ref, string, io.Reader, bool) error {
	return lacking("copy into container")
}
func (noInside) CopyFrom(context.Context, Ref, string) (io.ReadCloser, PathStat, error) {
	return nil, PathStat{}, lacking("copy from container")
}
func (noInside) StatPath(context.Context, Ref, string) (PathStat, error) {
	return PathStat{}, lacking("copy from container")
}
func (noInside) ExportContainer(context.Context, Ref, io.Writer) error {
	return lacking("export container")
}
func (noInside) CommitContainer(context.Context, Ref, CommitOptions) (string, error) {
	return "", lacking("commit container")
}
func (noInside) Top(context.Context, Ref) ([]string, [][]string, error) {
	return nil, nil, lacking("list processes")
}
func (noInside) Stats(context.Context, Ref, bool, func(Stats) error) error {
	return lacking("measure container")
}

// An engine that says nothing of itself is tried as it is.

func (noInfo) Ping(context.Context) error                                 { return nil }
func (noInfo) Identity() Identity                                         { return Identity{} }
func (noInfo) Check(context.Context, *project.Project) ([]Finding, error) { return nil, nil }

func (noCloser) Close() error { return nil }

package apply

import (
	"context"
	"fmt"

	"github.com/musterdev/muster/convergence/plan"
)

// act does an action on the engine. It is the one place that tells actions
// apart, which a test of internal/house holds; everything else goes by what they
// say About themselves.
func (r *run) act(ctx context.Context, a plan.Action, id plan.StepID) error {
	switch a := a.(type) {
	case plan.PullImage:
		return r.pullImage(ctx, a, id)
	case plan.BuildImage:
		return r.buildImage(ctx, a, id)
	case plan.RemoveImage:
		return r.removeImage(ctx, a, id)
	case plan.CreateNetwork:
		return r.createNetwork(ctx, a)
	case plan.RemoveNetwork:
		return r.removeNetwork(ctx, a, id)
	case plan.ConnectNetwork:
		return r.connectNetwork(ctx, a)
	case plan.DisconnectNetwork:
		return r.disconnectNetwork(ctx, a)
	case plan.CreateVolume:
		return r.createVolume(ctx, a)
	case plan.RemoveVolume:
		return r.removeVolume(ctx, a, id)
	case plan.CreateContainer:
		return r.createContainer(ctx, a, id)
	case plan.CopyFiles:
		return r.copyFiles(ctx, a)
	case plan.StartContainer:
		return r.startContainer(ctx, a)
	case plan.Await:
		return r.await(ctx, a, id)
	case plan.AwaitEnd:
		return r.awaitEnd(ctx, a, id)
	case plan.StopContainer:
		return r.stopContainer(ctx, a)
	case plan.KillContainer:
		return r.killContainer(ctx, a)
	case plan.RestartContainer:
		return r.restartContainer(ctx, a)
	case plan.PauseContainer:
		return r.pauseContainer(ctx, a)
	case plan.UnpauseContainer:
		return r.unpauseContainer(ctx, a)
	case plan.RenameContainer:
		return r.renameContainer(ctx, a)
	case plan.RemoveContainer:
		return r.removeContainer(ctx, a)
	case plan.RunHook:
		return r.runHook(ctx, a)
	case plan.RunPreStart:
		return r.runPreStart(ctx, a, id)
	case plan.RunProvider:
		return r.runProvider(ctx, a, id)
	case plan.PrepareModel:
		return r.prepareModel(ctx, a, id)
	}
	return fmt.Errorf("step %s: no code carries out a %T", id, a)
}

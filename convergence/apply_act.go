package convergence

import (
	"context"
	"fmt"
)

// act does an action on the engine. It is the one place that tells actions
// apart; everything else goes by what they say About themselves.
func (r *run) act(ctx context.Context, a Action, id StepID) error {
	switch a := a.(type) {
	case PullImage:
		return r.pullImage(ctx, a, id)
	case BuildImage:
		return r.buildImage(ctx, a, id)
	case RemoveImage:
		return r.removeImage(ctx, a, id)
	case CreateNetwork:
		return r.createNetwork(ctx, a)
	case RemoveNetwork:
		return r.removeNetwork(ctx, a, id)
	case ConnectNetwork:
		return r.connectNetwork(ctx, a)
	case DisconnectNetwork:
		return r.disconnectNetwork(ctx, a)
	case CreateVolume:
		return r.createVolume(ctx, a)
	case RemoveVolume:
		return r.removeVolume(ctx, a, id)
	case CreateContainer:
		return r.createContainer(ctx, a, id)
	case CopyFiles:
		return r.copyFiles(ctx, a)
	case StartContainer:
		return r.startContainer(ctx, a)
	case Await:
		return r.await(ctx, a, id)
	case AwaitEnd:
		return r.awaitEnd(ctx, a, id)
	case StopContainer:
		return r.stopContainer(ctx, a)
	case KillContainer:
		return r.killContainer(ctx, a)
	case RestartContainer:
		return r.restartContainer(ctx, a)
	case PauseContainer:
		return r.pauseContainer(ctx, a)
	case UnpauseContainer:
		return r.unpauseContainer(ctx, a)
	case RenameContainer:
		return r.renameContainer(ctx, a)
	case RemoveContainer:
		return r.removeContainer(ctx, a)
	case RunHook:
		return r.runHook(ctx, a)
	case RunPreStart:
		return r.runPreStart(ctx, a, id)
	case RunProvider:
		return r.runProvider(ctx, a, id)
	case PrepareModel:
		return r.prepareModel(ctx, a, id)
	}
	return fmt.Errorf("step %s: nobody knows how to do a %T", id, a)
}

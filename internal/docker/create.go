package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/project"
)

// maxSmallFile is the most that is read of profiles, certificates and the like.
const maxSmallFile = 1 << 20

// CreateContainer implements engine.Containers. A container that cannot be
// attached to all its networks is removed again. A taken name wraps
// engine.ErrConflict and says who holds it.
func (e *Engine) CreateContainer(ctx context.Context, in engine.CreateSpec) (engine.CreateResult, error) {
	c, err := e.connected(ctx)
	if err != nil {
		return engine.CreateResult{}, err
	}
	t := request.New(in, c.ClientVersion(), e.osType())
	t.ReadFile = func(path string) ([]byte, error) { return hostfile.Read(path, maxSmallFile) }
	t.Proxy = e.proxyVariables(t.OS)
	ref, err := e.imageFor(ctx, in, &t)
	if err != nil {
		return engine.CreateResult{}, fmt.Errorf("create %s: %w", in.Name, err)
	}
	if t.NeedsImage() {
		found, err := e.inspectImage(ctx, ref)
		if err != nil {
			return engine.CreateResult{}, err
		}
		t.Image = &found
	}
	r, err := t.Create()
	if err != nil {
		return engine.CreateResult{}, err
	}
	r.Config.Image = ref
	return e.create(ctx, in, r)
}

// imageFor is the image that a container is made from: its reference, or, if
// that is another platform's at the moment, its ID.
func (e *Engine) imageFor(ctx context.Context, in engine.CreateSpec, t *request.Translation) (string, error) {
	s := in.Service
	if !s.SharesTag || in.ImageID == "" {
		return s.Image, nil
	}
	if s.Platform == project.NativePlatform {
		own, err := e.native(ctx)
		if err != nil {
			return "", err
		}
		t.Native = &own
	}
	named, err := e.ListImages(ctx, []engine.ImageRef{{Ref: s.Image, Platform: s.Platform}})
	if err != nil || len(named) > 0 && named[0].ID == in.ImageID {
		return s.Image, err
	}
	return in.ImageID, nil
}

func (e *Engine) inspectImage(ctx context.Context, ref string) (image.InspectResponse, error) {
	return call(ctx, e, read(), "inspect image "+ref, func(ctx context.Context, c *client.Client) (image.InspectResponse, error) {
		return c.ImageInspect(ctx, ref)
	})
}

func (e *Engine) create(ctx context.Context, in engine.CreateSpec, r request.Create) (engine.CreateResult, error) {
	verb := "create " + in.Name
	answer, err := call(ctx, e, long(), verb, func(ctx context.Context, c *client.Client) (container.CreateResponse, error) {
		return c.ContainerCreate(ctx, r.Config, r.HostConfig, r.NetworkingConfig, r.Platform, in.Name)
	})
	if err != nil {
		id, err := e.adopt(ctx, in, verb, err)
		if err != nil {
			return engine.CreateResult{}, err
		}
		answer.ID = id
	}
	result := engine.CreateResult{ID: answer.ID, Warnings: answer.Warnings}
	if err := e.finish(ctx, in, r, answer.ID); err != nil {
		return engine.CreateResult{}, errors.Join(err, e.discard(ctx, engine.Ref{ID: answer.ID, Name: in.Name}))
	}
	return result, nil
}

// adopt looks whether a container that could not be created is there all the
// same: if the answer to the call was lost, ours is. Otherwise it says who
// holds the name.
func (e *Engine) adopt(ctx context.Context, in engine.CreateSpec, verb string, failed error) (string, error) {
	if !errors.Is(failed, engine.ErrConflict) && !dropped(failed) {
		return "", failed
	}
	holder, err := e.inspect(ctx, engine.Ref{Name: in.Name})
	switch {
	case errors.Is(err, engine.ErrNotFound) && errors.Is(failed, engine.ErrConflict):
		// The engine gives a name away before it shows the container: the call of
		// a run that was killed takes effect only now.
		return "", &callError{verb, "the name is taken by a container that is still being created", engine.ErrStale, failed}
	case err != nil:
		return "", failed
	}
	if holder.Config != nil && dropped(failed) && sameRun(holder.Config.Labels, in.Labels) {
		return holder.ID, nil
	}
	kind := engine.ErrConflict
	if holder.Config != nil && sameSlot(holder.Config.Labels, in.Labels) {
		kind = engine.ErrStale
	}
	return "", &callError{verb, "the name is taken by " + describe(holder), kind, failed}
}

// sameRun reports whether both sets of labels come from the same operation.
func sameRun(have, want map[string]string) bool {
	return sameSlot(have, want) && have[project.LabelConfigHash] == want[project.LabelConfigHash] &&
		have[project.LabelOp] == want[project.LabelOp]
}

// sameSlot reports whether both are containers for the same place in the project.
func sameSlot(have, want map[string]string) bool {
	for _, l := range []string{project.LabelProject, project.LabelService, project.LabelContainerNumber} {
		if have[l] != want[l] {
			return false
		}
	}
	return want[project.LabelProject] != ""
}

// finish does what a create call leaves open.
func (e *Engine) finish(ctx context.Context, in engine.CreateSpec, r request.Create, id string) error {
	ref := engine.Ref{ID: id, Name: in.Name}
	for _, n := range r.Connect {
		if err := e.connect(ctx, ref, n.Network, n.Settings); err != nil {
			return err
		}
	}
	if !in.Service.Spec.UseAPISocket {
		return nil
	}
	credentials, err := e.credentialsFile()
	if err != nil {
		return fmt.Errorf("create %s: services.%s.use_api_socket: %w", in.Name, in.Service.Name, err)
	}
	return e.CopyTo(ctx, ref, []engine.FileContent{credentials})
}

// discard removes a container that was created in part, even if the operation
// was cancelled meanwhile.
func (e *Engine) discard(ctx context.Context, c engine.Ref) error {
	return e.RemoveContainer(context.WithoutCancel(ctx), c, true)
}

package plan

import (
	"fmt"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// RunPreStart runs a pre_start command to its end, in a container of its own
// that goes with it.
type RunPreStart struct {
	Spec   engine.CreateSpec // of the hook's container
	Files  []ContainerFile
	Beside engine.Ref // a container of the service whose volumes the hook shares
	Index  int
	Hook   project.Hook
	// OwnImage says that the hook does not run the service's image.
	OwnImage bool
}

func (a RunPreStart) String() string {
	s := fmt.Sprintf("run pre_start[%d] of %s", a.Index, a.Spec.Service.Name)
	if a.OwnImage {
		s += " from " + a.Hook.Image
	}
	return s
}

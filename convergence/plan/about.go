package plan

import (
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// About is what an action says of itself to those that show, count, schedule
// and blame steps, so that none of them has to tell actions apart.
type About struct {
	// Object is the engine's object in progress output: "Container demo-web-1".
	Object string
	// Service is the one it works for; empty if it is nobody's.
	Service string
	// Target is the container that it works on; zero if it is none, or several.
	Target engine.Ref
	// Pos is where the file asks for the object; zero where its service says it.
	Pos project.Position
	// Words are said before and after; an empty word is not said.
	Words [2]string
	// Failed is said of a failure instead of "Error", if it is not empty.
	Failed string
	Class  Class
	// Ends says that something which exists comes to an end.
	Ends bool
	// Replaces says that the action may be a part of replacing a container, which
	// people see as one thing.
	Replaces bool
	// Tracks says that it follows containers by the engine's events.
	Tracks bool
	// Explains says that its reason is worth a word although nothing ends by it.
	Explains bool
	// Tells says that the action itself reports how it ended.
	Tells bool
	// Creates is what the engine is asked for if it creates a container, and
	// Predecessor the one that still holds its name, if any.
	Creates     *engine.CreateSpec
	Predecessor engine.Ref
	// Starts says that a container which does not run is started, so that it takes
	// its ports and begins to speak.
	Starts bool
	// Stops says that the container's process ends by it, if it runs.
	Stops bool
	// Removes says that the container is gone by it, and its name is free.
	Removes bool
	// NewName is the name that it gives the container; empty if that stays.
	NewName string
	// Brings is the image that it pulls or builds; zero is none.
	Brings engine.ImageRef
}

// Class is how steps of a kind are scheduled, and what becomes of one in flight
// when the operation is to end.
type Class int

// The classes of actions.
const (
	// ClassChange is a short call. It takes a place among the engine's calls and is
	// finished: nobody could tell whether a call cut off took effect.
	ClassChange Class = iota
	// ClassStop waits for a container to end: it gives its place back meanwhile, and
	// may be left, since the engine goes on.
	ClassStop
	// ClassRestart is a stop and a start in one. It is finished: the engine goes on,
	// and whoever stops the container next is to be the last.
	ClassRestart
	// ClassImage is a pull or a build: it has places of its own, and is cut off.
	ClassImage
	// ClassProgram runs what a user wrote: it takes no place, and is cut off.
	ClassProgram
	// ClassWait changes nothing: it ends with the first failure.
	ClassWait
)

// aboutContainer is what actions on a container have in common.
func aboutContainer(c engine.Ref, before, after string) About {
	return About{Object: ContainerObject(c), Target: c, Words: [2]string{before, after}}
}

func aboutImage(ref, before, after string) About {
	return About{Object: "Image " + ref, Words: [2]string{before, after}}
}

func aboutNetwork(name, before, after string) About {
	return About{Object: "Network " + name, Words: [2]string{before, after}}
}

func aboutVolume(name, before, after string) About {
	return About{Object: "Volume " + name, Words: [2]string{before, after}}
}

// About implements Action.
func (a PullImage) About() About {
	about := aboutImage(a.Image.Ref, "Pulling", "Pulled")
	about.Class, about.Brings = ClassImage, a.Image
	return about
}

// About implements Action.
func (a BuildImage) About() About {
	about := aboutImage(a.Spec.Service.Image, "Building", "Built")
	if a.Spec.Check {
		about.Words = [2]string{"Checking", "Checked"}
	}
	about.Service, about.Class, about.Brings = a.Spec.Service.Name, ClassImage, engine.ServiceImage(a.Spec.Service)
	return about
}

// About implements Action.
func (a RemoveImage) About() About { return aboutImage(a.Ref, "Removing", "Removed") }

// About implements Action.
func (a CreateNetwork) About() About {
	about := aboutNetwork(a.Network.Name, "Creating", "Created")
	about.Pos = a.Network.Pos
	return about
}

// About implements Action.
func (a RemoveNetwork) About() About {
	about := aboutNetwork(a.Name, "Removing", "Removed")
	about.Ends = true
	return about
}

// About implements Action. Connections are no news.
func (a ConnectNetwork) About() About {
	about := aboutContainer(a.Target, "", "")
	about.Service = a.Endpoint.Service.Name
	return about
}

// About implements Action.
func (a DisconnectNetwork) About() About { return aboutContainer(a.Target, "", "") }

// About implements Action.
func (a CreateVolume) About() About {
	about := aboutVolume(a.Volume.Name, "Creating", "Created")
	about.Pos = a.Volume.Pos
	return about
}

// About implements Action.
func (a RemoveVolume) About() About {
	about := aboutVolume(a.Name, "Removing", "Removed")
	about.Ends = true
	return about
}

// About implements Action. The container has its final name while it replaces
// another.
func (a CreateContainer) About() About {
	about := aboutContainer(engine.Ref{Name: a.Spec.Name}, "Creating", "Created")
	if a.Replaces.Name != "" {
		about.Object = ContainerObject(a.Replaces)
	}
	about.Service, about.Replaces = a.Spec.Service.Name, true
	about.Creates, about.Predecessor = &a.Spec, a.Replaces
	return about
}

// About implements Action. Files are no news.
func (a CopyFiles) About() About {
	about := aboutContainer(a.Target, "", "")
	about.Service = a.Service
	return about
}

// About implements Action.
func (a StartContainer) About() About {
	about := aboutContainer(a.Target, "Starting", "Started")
	about.Service, about.Starts = a.Service, true
	return about
}

// About implements Action. Its object is the container if there is one, else
// the service.
func (a Await) About() About {
	about := About{Object: "Service " + a.Service, Service: a.Service, Class: ClassWait, Tracks: true}
	if len(a.Targets) == 1 {
		about.Object, about.Target, about.Tells = ContainerObject(a.Targets[0]), a.Targets[0], true
	}
	return about
}

// About implements Action.
func (a StopContainer) About() About {
	about := aboutContainer(a.Target, "Stopping", "Stopped")
	about.Failed, about.Class, about.Ends, about.Replaces, about.Stops = "Error while Stopping", ClassStop, true, true, true
	return about
}

// About implements Action.
func (a KillContainer) About() About {
	about := aboutContainer(a.Target, "Killing", "Killed")
	about.Stops = true
	return about
}

// About implements Action.
func (a RestartContainer) About() About {
	about := aboutContainer(a.Target, "Restarting", "Started")
	about.Class, about.Stops = ClassRestart, true
	return about
}

// About implements Action.
func (a PauseContainer) About() About { return aboutContainer(a.Target, "", "Paused") }

// About implements Action.
func (a UnpauseContainer) About() About { return aboutContainer(a.Target, "", "Unpaused") }

// About implements Action. Names are no news.
func (a RenameContainer) About() About {
	about := aboutContainer(a.Target, "", "")
	about.Replaces, about.NewName = true, a.Name
	return about
}

// About implements Action.
func (a RemoveContainer) About() About {
	about := aboutContainer(a.Target, "Removing", "Removed")
	about.Failed, about.Ends, about.Replaces, about.Removes, about.Stops = "Error while Removing", true, true, true, true
	return about
}

// About implements Action. Commands in containers are no news.
func (a RunHook) About() About {
	about := aboutContainer(a.Target, "", "")
	about.Service, about.Class = a.Service, ClassProgram
	return about
}

// About implements Action.
func (a RunPreStart) About() About {
	about := aboutContainer(engine.Ref{Name: a.Spec.Name}, "Running", "Exited")
	about.Service, about.Class, about.Tracks = a.Spec.Service.Name, ClassProgram, true
	return about
}

// About implements Action.
func (a RunProvider) About() About {
	about := About{Object: a.Service.Name, Service: a.Service.Name, Words: [2]string{"Creating", "Created"}, Class: ClassProgram}
	switch a.Verb {
	case "down":
		about.Words = [2]string{"Removing", "Removed"}
	case "stop":
		about.Words = [2]string{"Stopping", "Stopped"}
	}
	return about
}

// About implements Action.
func (a PrepareModel) About() About {
	return About{Object: a.Model, Words: [2]string{"Configuring", "Configured"}, Class: ClassProgram}
}

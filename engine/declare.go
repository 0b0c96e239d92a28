package engine

import "io"

// Roles are what a backend declares of itself, each by what takes its calls. A
// role that is nil is one that the backend does not have.
type Roles struct {
	Containers Containers
	Networks   Networks
	Volumes    Volumes
	Images     Images
	Events     Events
	Inside     Inside
	Info       Info
	Closer     io.Closer
}

// RolesOf are all roles, taken by one engine.
func RolesOf(e Engine) Roles {
	return Roles{Containers: e, Networks: e, Volumes: e, Images: e, Events: e, Inside: e, Info: e, Closer: e}
}

// Engine is the engine that has these roles. Every call of another one answers
// ErrUnsupported; without Info there is nothing to say of it, without Closer
// nothing to close.
func (r Roles) Engine() Engine {
	return allRoles{
		declared[Containers](r.Containers, noContainers{}),
		declared[Networks](r.Networks, noNetworks{}),
		declared[Volumes](r.Volumes, noVolumes{}),
		declared[Images](r.Images, noImages{}),
		declared[Events](r.Events, noEvents{}),
		declared[Inside](r.Inside, noInside{}),
		declared[Info](r.Info, noInfo{}),
		declared[io.Closer](r.Closer, noCloser{}),
	}
}

type allRoles struct {
	Containers
	Networks
	Volumes
	Images
	Events
	Inside
	Info
	io.Closer
}

// declared is the role, or its stand-in if there is none.
func declared[Role comparable](r, standIn Role) Role {
	var none Role
	if r == none {
		return standIn
	}
	return r
}

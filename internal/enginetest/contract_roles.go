package enginetest

import (
	"context"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

// role is a role of an engine, or several.
type role uint

const (
	containers role = 1 << iota
	networks
	volumes
	images
	events
	inside
	info
)

// interfaces are the roles as types. Info and Closer, which every engine has in
// some way, are not among them.
var interfaces = map[role]reflect.Type{
	containers: reflect.TypeFor[engine.Containers](),
	networks:   reflect.TypeFor[engine.Networks](),
	volumes:    reflect.TypeFor[engine.Volumes](),
	images:     reflect.TypeFor[engine.Images](),
	events:     reflect.TypeFor[engine.Events](),
	inside:     reflect.TypeFor[engine.Inside](),
}

func rolesOf(r engine.Roles) role {
	var has role
	for one, declared := range map[role]bool{
		containers: r.Containers != nil, networks: r.Networks != nil, volumes: r.Volumes != nil, images: r.Images != nil,
		events: r.Events != nil, inside: r.Inside != nil, info: r.Info != nil,
	} {
		if declared {
			has |= one
		}
	}
	return has
}

// testUndeclared: every call of a role that the backend does not have says so,
// whatever it is asked for.
func testUndeclared(t *testing.T, has role, e engine.Engine) {
	for one, calls := range interfaces {
		if has&one != 0 {
			continue
		}
		for i := range calls.NumMethod() {
			method := calls.Method(i)
			args := []reflect.Value{reflect.ValueOf(t.Context())}
			for n := 1; n < method.Type.NumIn(); n++ {
				args = append(args, reflect.Zero(method.Type.In(n)))
			}
			answer := reflect.ValueOf(e).MethodByName(method.Name).Call(args)
			if err, _ := answer[len(answer)-1].Interface().(error); !errors.Is(err, engine.ErrUnsupported) {
				t.Errorf("%s = %v, want ErrUnsupported", method.Name, err)
			}
		}
	}
}

func infoTests() []test {
	return []test{
		{"an engine that answers says so", (*harness).testPing, info},
		{"an engine stays who it is", (*harness).testIdentity, info},
		{"nothing is wrong with a plain project", (*harness).testCheck, info},
		{"closing drops nothing that is needed", (*harness).testClose, info},
	}
}

func (h *harness) testPing() {
	ctx, cancel := context.WithCancel(h.Context())
	cancel()
	_ = h.Ping(ctx) // who goes away spoils it for nobody
	h.must(h.Ping(h.Context()))
}

func (h *harness) testIdentity() {
	before := h.Identity()
	h.must(h.Ping(h.Context()))
	if after := h.Identity(); after.Host != before.Host || after.Local != before.Local {
		h.Errorf("identity = %+v before the first answer, %+v after it", before, after)
	}
}

func (h *harness) testCheck() {
	h.service("web", obedient, func(c *types.ServiceConfig) { c.Restart = "always" })
	found, err := h.Check(h.Context(), h.project())
	h.must(err)
	if len(found) > 0 {
		h.Errorf("findings: %v", found)
	}
}

func (h *harness) testClose() {
	var c io.Closer = h.Engine
	h.must(c.Close())
	h.must(h.Ping(h.Context()))
}

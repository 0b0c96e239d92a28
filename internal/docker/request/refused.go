package request

import (
	"errors"
	"fmt"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// keyError says which key of a service cannot be translated.
type keyError struct {
	container, service, key string
	err                     error
}

func (e *keyError) Error() string {
	return fmt.Sprintf("create %s: services.%s.%s: %v", e.container, e.service, e.key, e.err)
}

func (e *keyError) Unwrap() error { return e.err }

// Refused finds the keys of services that no container could be created with on
// an engine of that API version and operating system.
func Refused(p *project.Project, api, system string) []engine.Finding {
	refs := map[string]engine.Ref{} // whatever a service refers to will be there
	for _, s := range p.Services {
		refs[s.Name] = engine.Ref{Name: p.ContainerName(s, 1)}
	}
	var all []engine.Finding
	for _, s := range p.Services {
		if s.Provider {
			continue
		}
		t := New(engine.CreateSpec{Project: p, Service: s, Name: p.ContainerName(s, 1), Number: 1, Refs: refs}, api, system)
		// A file that is gone is no reason to leave a container that is there.
		t.ReadFile = func(string) ([]byte, error) { return []byte("{}"), nil }
		_, err := t.Create()
		var of *keyError
		if !errors.As(err, &of) {
			continue // what names no key is the create call's to say
		}
		path := append([]string{"services", s.Name}, strings.Split(strings.ReplaceAll(of.key, "[", ".["), ".")...)
		all = append(all, engine.Finding{
			Pos: p.Positions.Of(path...), Key: path, Text: fmt.Sprintf("services.%s.%s: %v", s.Name, of.key, of.err), Refuses: true,
		})
	}
	return all
}

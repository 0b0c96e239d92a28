package loader

import (
	"maps"

	"github.com/musterdev/muster/loader/node"
)

// isolate runs a step of compose-go's over the model. Where it fails because of
// single services, what they say is reported, and the rest goes on without.
func (a *assembler) isolate(what string, p *part, run func(model map[string]any) error) error {
	err := guard(what, func() error { return run(p.model) })
	services, _ := p.model["services"].(map[string]any)
	if err == nil || a.ctx.Err() != nil {
		return err
	}
	found := false
	for _, name := range sortedKeys(services) {
		alone := maps.Clone(p.model)
		delete(alone, "services")
		alone = cloneData(alone).(map[string]any)
		alone["services"] = map[string]any{name: cloneData(services[name])}
		if problem := guard(what, func() error { return run(alone) }); problem != nil {
			found = true
			a.blame(name, p, problem)
		}
	}
	if !found {
		return err
	}
	return guard(what, func() error { return run(p.model) })
}

// blame leaves of a service what is needed to know it by, and reports the error
// unless something about the service has been reported: then it follows from that.
func (a *assembler) blame(name string, p *part, err error) {
	services := p.model["services"].(map[string]any)
	stub := map[string]any{}
	if service, ok := services[name].(map[string]any); ok && service["profiles"] != nil {
		stub["profiles"] = service["profiles"]
	}
	services[name] = stub
	a.l.stubs[name] = true
	if a.l.reports.said[node.ServiceOf(name)] > 0 {
		return
	}
	for _, line := range messageLines(err.Error()) {
		e := locateLine(shown(a.l.files[0], a.l.cwd), p.tree, line, err)
		e.of = node.ServiceOf(name)
		if service := p.tree.Get("services"); e.Pos.Line == 0 && service != nil && service.Index(name) >= 0 {
			e.Pos = service.Fields[service.Index(name)].Pos
		}
		a.l.reports.fail(e)
	}
}

package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func stack() plan.Plan {
	ref := func(name string) engine.Ref { return engine.Ref{Name: name} }
	return plan.Plan{Steps: []plan.Step{
		{ID: "network default/create", Action: plan.CreateNetwork{Network: &project.Network{Name: "demo_default"}}},
		{ID: "db-1/start", Needs: []plan.StepID{"network default/create"}, Action: plan.StartContainer{Target: ref("demo-db-1")}},
		{ID: "db/healthy", Needs: []plan.StepID{"db-1/start"}, Action: plan.Await{Service: "db", Condition: project.Healthy}},
		{ID: "web-1/start", Needs: []plan.StepID{"db/healthy"}, Action: plan.StartContainer{Target: ref("demo-web-1")}},
	}}
}

func event(step, id string, phase engine.Phase, text string) engine.Progress {
	return engine.Progress{Step: step, ID: id, Phase: phase, Text: text}
}

func expect(t *testing.T, s *screen, want string) {
	t.Helper()
	if got := s.String(); got != want {
		t.Errorf("screen shows\n%swant\n%s", got, want)
	}
}

func TestLiveView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 70, 10)
		p := NewPrinter(s, TTY, PrinterOptions{Color: true, Screen: s.size})
		p.Begin("up", stack())
		p.Report(event("network default/create", "Network demo_default", engine.Working, "Creating"))
		time.Sleep(250 * time.Millisecond)
		p.Report(event("network default/create", "Network demo_default", engine.Done, "Created"))
		p.Report(event("db-1/start", "Container demo-db-1", engine.Done, "Started"))
		p.Report(engine.Progress{Step: "db/healthy", ID: "Service db", Phase: engine.Working, Text: "Waiting", Waiting: "db to be healthy"})
		time.Sleep(1460 * time.Millisecond)
		if !s.cursorHidden() {
			t.Error("the cursor shows")
		}
		expect(t, s, ""+
			"[+] up 2/4\n"+
			" ✔ Network demo_default Created                                  0.2s\n"+
			" ✔ Container demo-db-1  Started                                  0.0s\n"+
			" ⠼ Service db           Waiting for db to be healthy             1.4s\n"+
			"   Container demo-web-1 waits for service db\n")
		p.Warn("careful: \x1b[2J")
		p.Report(event("db/healthy", "Service db", engine.Done, "Healthy"))
		p.Report(engine.Progress{Step: "web-1/start", ID: "Container demo-web-1", Phase: engine.Failed, Text: "Error", Err: errors.New("port is taken\nsecond line")})
		p.End()
		expect(t, s, `warning: careful: \x1b[2J
[+] up 3/4
 ✔ Network demo_default Created                                  0.2s
 ✔ Container demo-db-1  Started                                  0.0s
 ✔ Service db           Healthy                                  1.5s
 ✘ Container demo-web-1 Error port is taken                      0.0s
`)
		if s.cursorHidden() {
			t.Error("the cursor is lost")
		}
	})
}

func TestLiveViewFitsTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 50, 8)
		p := NewPrinter(s, TTY, PrinterOptions{Screen: s.size})
		p.Begin("up", plan.Plan{})
		for i := range 20 {
			id := fmt.Sprintf("Container a-rather-long-name-of-a-container-%02d", i)
			p.Report(event("", id, engine.Working, "Creating"))
			if i%5 > 0 {
				p.Report(event("", id, engine.Done, "Created"))
			}
			time.Sleep(frame)
		}
		got := s.String()
		if lines := strings.Count(got, "\n"); lines > 7 {
			t.Errorf("%d lines on a terminal of 8:\n%s", lines, got)
		}
		for _, want := range []string{"[+] up 16/20", "container-00", "container-15", " ... 15 more"} {
			if want = want[:min(len(want), 12)]; !strings.Contains(got, want) && !strings.Contains(got, "…") {
				t.Errorf("%q is not on the screen:\n%s", want, got)
			}
		}
		time.Sleep(frame / 2)
		synctest.Wait()
		s.resize(40, 14)
		time.Sleep(2 * frame)
		if n := strings.Count(s.String(), "[+] up"); n != 1 {
			t.Errorf("%d headers after a resize:\n%s", n, s)
		}
		time.Sleep(frame / 2)
		synctest.Wait()
		s.resize(60, 30)
		time.Sleep(2 * frame)
		p.End()
		if n := strings.Count(s.String(), "\n"); n != 21 {
			t.Errorf("%d lines on a large terminal:\n%s", n, s)
		}
	})
}

func TestLiveViewRestsWhileNothingWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 80, 10)
		p := NewPrinter(s, TTY, PrinterOptions{Screen: s.size})
		p.Begin("up", plan.Plan{})
		p.Report(event("", "Network x", engine.Done, "Created"))
		time.Sleep(time.Second)
		before := s.drawings()
		time.Sleep(time.Hour)
		if s.drawings() != before {
			t.Errorf("%d drawings of an idle view", s.drawings()-before)
		}
		for range 1000 {
			p.Report(event("", "Container x", engine.Working, "Creating"))
			time.Sleep(time.Millisecond)
		}
		if n := s.drawings() - before; n > 12 {
			t.Errorf("%d drawings in a second", n)
		}
		p.End()
	})
}

func TestLayersOfAPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 80, 10)
		p := NewPrinter(s, TTY, PrinterOptions{Screen: s.size})
		p.Begin("up", plan.Plan{})
		p.Report(event("", "Image web:1", engine.Working, "Pulling"))
		p.Report(engine.Progress{ID: "aaa", Parent: "Image web:1", Phase: engine.Working, Current: 500_000, Total: 1_000_000})
		p.Report(engine.Progress{ID: "bbb", Parent: "Image web:1", Phase: engine.Done, Current: 10, Total: 1_000_000})
		time.Sleep(frame / 4)
		expect(t, s, "[+] up 0/1\n ⠋ Image web:1 Pulling [⣤⣿] 1.5MB / 2MB"+strings.Repeat(" ", 36)+"0.0s\n")
		p.Report(event("", "Image web:1", engine.Done, "Pulled"))
		p.End()
		expect(t, s, "[+] up 1/1\n ✔ Image web:1 Pulled"+strings.Repeat(" ", 54)+"0.0s\n")
	})
}

// TestNothingHidesAFailure: what was skipped in consequence of an object's own
// failure takes neither its place in the view nor in the count.
func TestNothingHidesAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 70, 10)
		p := NewPrinter(s, TTY, PrinterOptions{Screen: s.size})
		p.Begin("up", stack())
		p.Report(event("network default/create", "Network demo_default", engine.Done, "Created"))
		p.Report(engine.Progress{Step: "db-1/start", ID: "Container demo-db-1", Phase: engine.Failed, Text: "Error", Details: "no such program"})
		p.Report(event("db/healthy", "Service db", engine.Warning, apply.Interrupted))
		for _, id := range []string{"Container demo-db-1", "Container demo-web-1"} {
			p.Report(engine.Progress{Step: "web-1/start", ID: id, Phase: engine.Skipped, Text: "Skipped", Details: "because db-1/start failed"})
		}
		p.End()
		expect(t, s, `[+] up 1/4
 ✔ Network demo_default Created                                  0.0s
 ✘ Container demo-db-1  Error no such program                    0.0s
 ! Service db           Interrupted                              0.0s
 - Container demo-web-1 Skipped because db-1/start failed        0.0s
`)
	})
}

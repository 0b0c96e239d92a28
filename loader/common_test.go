package loader_test

import (
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/loader"
)

// TestCommonExtension: what x-muster says beside the services holds for each
// that does not say it itself, with the values of all files together.
func TestCommonExtension(t *testing.T) {
	const text = `
include: [other.yaml]
x-muster: {on_unhealthy: restart, cascade: always, crash_loop: brake, notify: {webhook: "http://localhost/all"}, ready: {timeout: 4s}}
services:
  plain: {image: a}
  own:
    image: a
    x-muster: {on_unhealthy: none, crash_loop: giveup, notify: {command: [./tell]}, ready: {log: up, timeout: 9s}}
  probed:
    image: a
    x-muster: {ready: {tcp: {port: 80}}}
  asleep: {image: a, profiles: [p]}
`
	p := open(t, text, map[string]string{"other.yaml": "services:\n  included: {image: a}\n"}, loader.Input{})
	for _, name := range []string{"plain", "probed", "included"} {
		x := p.Service(name).Muster
		if x.OnUnhealthy != "restart" || x.Cascade != "always" || x.CrashLoop != "brake" || x.Notify == nil || x.Notify.Webhook != "http://localhost/all" {
			t.Errorf("%s has %+v", name, x)
		}
	}
	if plain := p.Service("plain").Muster; plain.Ready != nil {
		t.Errorf("a service without a probe gets one: %+v", plain.Ready)
	}
	if probed := p.Service("probed").Muster; probed.Ready.Timeout != 4*time.Second || probed.Ready.Port != 80 {
		t.Errorf("probed is ready by %+v", probed.Ready)
	}
	own := p.Service("own").Muster
	if own.OnUnhealthy != "none" || own.Cascade != "always" || own.CrashLoop != "giveup" || own.Notify.Webhook != "" || own.Ready.Timeout != 9*time.Second {
		t.Errorf("own has %+v, ready by %+v, tells %+v", own, own.Ready, own.Notify)
	}
}

// TestUnknownProfiles: a profile that no service has is named with where it was
// asked for, and so are those that there are.
func TestUnknownProfiles(t *testing.T) {
	const text = "services:\n  a: {image: a}\n  b: {image: a, profiles: [dev, test]}\n"
	for _, c := range []struct {
		name string
		in   loader.Input
		want string
	}{
		{"known", loader.Input{Profiles: []string{"dev"}}, ""},
		{"all", loader.Input{Profiles: []string{"*"}}, ""},
		{"none", loader.Input{}, ""},
		{"misspelt", loader.Input{Profiles: []string{"tets"}}, "--profile tets: no service has this profile (did you mean test?)"},
		{"unknown", loader.Input{Profiles: []string{"dev", "production"}}, "--profile production: no service has this profile (known are dev, test)"},
		{"by a variable", loader.Input{Env: []string{"COMPOSE_PROFILES=test,production"}}, "COMPOSE_PROFILES: production: no service has this profile (known are dev, test)"},
		{"by the project's .env", loader.Input{}, ".env:2:1: COMPOSE_PROFILES: prod: no service has this profile (known are dev, test)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.WorkingDir = t.TempDir()
			write(t, c.in.WorkingDir+"/compose.yaml", text)
			if strings.HasPrefix(c.want, ".env") {
				write(t, c.in.WorkingDir+"/.env", "# profiles\nCOMPOSE_PROFILES=prod\n")
			}
			_, warnings, err := loader.Open(t.Context(), c.in)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSuffix(strings.TrimPrefix(diagnostics(warnings, nil), "warning: "), "\n")
			if got != c.want {
				t.Errorf("warns %q, want %q", got, c.want)
			}
			for _, w := range warnings {
				if !w.Asked {
					t.Errorf("%v is not about what was asked for", w)
				}
			}
		})
	}
}

// TestNumbersOfExtensions: they are written as all numbers of the files may be.
func TestNumbersOfExtensions(t *testing.T) {
	const text = `
services:
  web: {image: a, x-muster: {ready: {http: {port: "80", path: /, status: "204"}, timeout: "1m30s"}}}
  api: {image: a, x-muster: {ready: {http: {port: "${PORT}", status: 2e2}, timeout: "${SPAN}"}}}
  db: {image: a, x-muster: {ready: {tcp: {port: 5_432}, timeout: 0.1000000000s}}}
`
	p := open(t, text, nil, loader.Input{Env: []string{"PORT=8080", "SPAN=2d"}})
	web, api, db := p.Service("web").Muster.Ready, p.Service("api").Muster.Ready, p.Service("db").Muster.Ready
	if web.Port != 80 || web.Status != 204 || web.Timeout != 90*time.Second {
		t.Errorf("web is ready by %+v after %s", web, web.Timeout)
	}
	if api.Port != 8080 || api.Status != 200 || api.Timeout != 48*time.Hour {
		t.Errorf("api is ready by %+v after %s", api, api.Timeout)
	}
	if db.Port != 5432 || db.Timeout != 100*time.Millisecond {
		t.Errorf("db is ready by %+v after %s", db, db.Timeout)
	}
}

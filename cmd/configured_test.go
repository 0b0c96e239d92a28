package cmd

import (
	"strings"
	"testing"
)

// TestConfiguredFormats: lists are printed as docker's configuration says where the
// command line says nothing; what it says there that cannot be printed by is told
// of and stops nobody.
func TestConfiguredFormats(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": "services: {web: {" + idle + "}}\n"})
	h.must("up", "-d")
	for _, tc := range []struct {
		config string
		args   string
		want   string // of standard output
		warns  string
	}{
		{`{"psFormat": "{{.Service}}={{.State}}"}`, "ps", "web=running\n", ""},
		{`{"psFormat": "table {{.Names}}"}`, "ps", "NAMES\nshop-web-1\n", ""},
		{`{"psFormat": "{{.Service}}"}`, "ps --format {{.Name}}", "shop-web-1\n", ""},
		{`{"psFormat": "{{.Service}}"}`, "ps --services", "web\n", ""},
		{`{"psFormat": "{{.Nothing}}"}`, "ps", "NAME ", "psFormat"},
		{`{"psFormat": "{{"}`, "ps", "NAME ", "psFormat"},
		{`{"statsFormat": "{{.Name}} is up"}`, "stats --no-stream", "shop-web-1 is up\n", ""},
		{`{"statsFormat": "{{.Name}}"}`, "stats --no-stream --format {{.PIDs}}", "1\n", ""},
		{`{"statsFormat": "{{.Nothing}}"}`, "stats --no-stream", "CONTAINER ID ", "statsFormat"},
	} {
		h.write(".docker/config.json", tc.config)
		out, errs, code := h.run(strings.Fields(tc.args)...)
		if code != 0 || !strings.HasPrefix(out, tc.want) || !strings.Contains(errs, tc.warns) || tc.warns == "" && errs != "" {
			t.Errorf("%s, muster %s: code %d\n[stdout]\n%s[stderr]\n%s", tc.config, tc.args, code, out, errs)
		}
	}
}

// TestAllResources: with --all-resources there need be no service to make networks
// and volumes for.
func TestAllResources(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": "networks: {backbone: {}}\nvolumes: {keep: {}}\nservices: {other: {" + idle + ", profiles: [other]}}\n"})
	for _, command := range []string{"up", "up -d", "up -d --wait", "up --no-start", "create"} {
		_, errs, code := h.run(append([]string{"--all-resources"}, strings.Fields(command)...)...)
		if code != 0 || !strings.Contains(errs, "Network shop_backbone Created") || !strings.Contains(errs, "Volume shop_keep Created") {
			t.Errorf("%s ends with code %d\n%s", command, code, errs)
		}
		_, errs, code = h.run("--all-resources", "down", "-v")
		if code != 0 || !strings.Contains(errs, "Network shop_backbone Removed") || !strings.Contains(errs, "Volume shop_keep Removed") {
			t.Errorf("down ends with code %d\n%s", code, errs)
		}
		if _, errs, code = h.run(strings.Fields(command)...); code != 1 || !strings.Contains(errs, "no service selected") {
			t.Errorf("%s without it ends with code %d\n%s", command, code, errs)
		}
	}
}

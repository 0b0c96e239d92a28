package plugins

import (
	"slices"
	"strings"
	"testing"
)

func TestListen(t *testing.T) {
	for _, tt := range []struct{ name, out, set, err string }{
		{"nothing said", "", "", ""},
		{"prefixed", `{"type":"setenv","message":"URL=a=b"}`, "MY-DB_URL=a=b", ""},
		{"raw", `{"type":"rawsetenv","message":"URL="}`, "URL=", ""},
		{"error ends it", `{"type":"error","message":"no quota"}{"type":"setenv","message":"A=b"}`, "", "no quota"},
		{"no name", `{"type":"setenv","message":"=b"}`, "", "NAME=VALUE"},
		{"no value", `{"type":"rawsetenv","message":"hunter2"}`, "", "its message of type rawsetenv is not NAME=VALUE"},
		{"no JSON", "hello", "", "not JSON as Compose providers"},
		{"unknown", `{"type":"shout"}`, "", `unknown message type "shout"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := listen(strings.NewReader(tt.out), "my-db", func(string) {})
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v: what is to be set is shown", err)
			}
			var got []string
			for k, v := range set {
				got = append(got, k+"="+v)
			}
			if strings.Join(got, " ") != tt.set {
				t.Errorf("set %q, want %q", got, tt.set)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	var m metadata
	m.Up.Parameters = []parameter{{Name: "type", Required: true}, {Name: "size"}}
	given := map[string][]string{"size": {"1", "2"}, "other": {"x"}, "type": {"mysql"}}
	got, err := m.options("up", given)
	if want := []string{"--size=1", "--size=2", "--type=mysql"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("up: %q, %v, want %q", got, err, want)
	}
	if got, err := m.options("down", given); err != nil || len(got) != 0 {
		t.Errorf("down declares nothing: %q, %v", got, err)
	}
	if got, err := (metadata{}).options("up", map[string][]string{"b": {"1"}, "a": {"2"}}); err != nil || !slices.Equal(got, []string{"--a=2", "--b=1"}) {
		t.Errorf("without metadata: %q, %v", got, err)
	}
	if _, err := m.options("up", nil); err == nil || !strings.Contains(err.Error(), "type") {
		t.Errorf("a required option is missing: %v", err)
	}
}

func TestFind(t *testing.T) {
	r := Providers{Env: []string{"PATH=/nonexistent:relative", "HOME=/nonexistent"}}
	for name, want := range map[string]string{"a/b": "not its path", "nonesuch": "no program nonesuch in PATH"} {
		if _, err := r.find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("find %s: %v, want %q", name, err, want)
		}
	}
}

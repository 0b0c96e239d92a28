package cmd

import (
	"slices"
	"testing"
)

func TestInvocation(t *testing.T) {
	for _, tc := range []struct {
		program string
		args    []string
		want    []string
		host    string
		context string
	}{
		{"muster", []string{"up", "-d"}, []string{"up", "-d"}, "", ""},
		{"/usr/bin/muster", []string{"-H", "unix:///x", "ps"}, []string{"ps"}, "unix:///x", ""},
		{"docker-compose", []string{"--host=tcp://h", "--debug", "up"}, []string{"up"}, "tcp://h", ""},
		{"docker-compose", []string{"-v"}, []string{"version"}, "", ""},
		{"docker-compose", []string{"--version"}, []string{"version"}, "", ""},
		{"docker-compose", []string{"-h"}, []string{"--help"}, "", ""},
		{"docker-compose.exe", []string{"compose", "up"}, []string{"up"}, "", ""},
		{"docker-muster", []string{"muster", "ps", "-a"}, []string{"ps", "-a"}, "", ""},
		{"docker-muster", []string{"--context", "far", "muster", "ps"}, []string{"ps"}, "", "far"},
		{"docker-muster", []string{"muster", "logs", "muster"}, []string{"logs", "muster"}, "", ""},
		{"muster", []string{"muster"}, []string{"muster"}, "", ""},
		{"muster", []string{"run", "-H", "x"}, []string{"run", "-H", "x"}, "", ""},
	} {
		got, err := parseInvocation(tc.program, tc.args)
		if err != nil || !slices.Equal(got.args, tc.want) || got.engine.Host != tc.host || got.engine.Context != tc.context {
			t.Errorf("parseInvocation(%q, %q) = %+v, %v", tc.program, tc.args, got, err)
		}
	}
	for _, args := range [][]string{{"--host"}, {"--tls=perhaps", "ps"}} {
		if got, err := parseInvocation("muster", args); err == nil {
			t.Errorf("parseInvocation(%q) = %+v, want an error", args, got)
		}
	}
	if got, err := parseInvocation("docker-compose", []string{pluginMetadata}); err != nil || !got.metadata {
		t.Errorf("the metadata call is not understood: %+v, %v", got, err)
	}
}

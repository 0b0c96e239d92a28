package request

import (
	"fmt"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func TestBuildOptions(t *testing.T) {
	p := load(t, `
services:
  web:
    image: web:1
    platform: linux/amd64
    build:
      context: .
      args: {A: low, B: kept, TOKEN: , MISSING: }
      labels: {mine: "1", com.docker.compose.service: forged}
      tags: [web:2, web:1]
      target: final
      network: host
      no_cache: true
      pull: true
      shm_size: 16m
      cache_from: [web:0]
      extra_hosts: ["b=10.0.0.2", "a=10.0.0.1"]
      ulimits: {nofile: 100}
      isolation: default
      provenance: "false"
`)
	web := p.Service("web")
	opt := Build(engine.BuildSpec{
		Project: p, Service: web, Args: []string{"A=high", "TOKEN", "ALSO_MISSING"}, Labels: map[string]string{project.LabelService: "web"},
	}, web.Spec.Build, map[string]string{"http_proxy": "http://proxy", "B": "proxy"})
	var args []string
	for _, name := range []string{"A", "B", "TOKEN", "MISSING", "ALSO_MISSING", "http_proxy"} {
		if v := opt.BuildArgs[name]; v != nil {
			args = append(args, name+"="+*v)
		}
	}
	got := fmt.Sprintln(args, opt.Tags, opt.Labels, opt.Target, opt.NetworkMode, opt.NoCache, opt.PullParent, opt.ShmSize, opt.CacheFrom,
		opt.ExtraHosts, opt.Ulimits[0], opt.Platform, opt.Version)
	want := "[A=high B=kept TOKEN=s3cret http_proxy=http://proxy] [web:1 web:2] " +
		"map[com.docker.compose.image.builder:classic com.docker.compose.service:web mine:1] final host true true 16777216 [web:0] " +
		"[a:10.0.0.1 b:10.0.0.2] nofile=100:100 linux/amd64 1\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

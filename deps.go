//go:build deps

// Package muster pins the modules that parts still under construction need.
package muster

import (
	_ "github.com/compose-spec/compose-go/v2/cli"
	_ "github.com/compose-spec/compose-go/v2/loader"
	_ "github.com/docker/cli/cli/command"
	_ "github.com/docker/cli/cli/config"
	_ "github.com/docker/cli/cli/connhelper"
	_ "github.com/docker/cli/cli/context/docker"
	_ "github.com/docker/cli/cli/flags"
	_ "github.com/docker/docker/client"
	_ "github.com/docker/docker/pkg/jsonmessage"
	_ "github.com/docker/docker/pkg/stdcopy"
	_ "github.com/fsnotify/fsnotify"
	_ "github.com/moby/go-archive"
	_ "github.com/moby/patternmatcher"
	_ "github.com/moby/term"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/cobra/doc"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sync/semaphore"
	_ "golang.org/x/term"
	_ "golang.org/x/tools/txtar"
	_ "gopkg.in/yaml.v3"
	_ "pgregory.net/rapid"
)

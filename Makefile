# The one entry point for people and for CI. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
# A root shell with a bare PATH still finds Go in its usual place.
export PATH := $(PATH):/usr/local/go/bin

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/musterdev/muster/cmd.version=$(VERSION)
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.1
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# A net against hangs, for a whole package; what a single wait may take is
# internal/patience's to say.
HANG = 90m

# The packages with tests that need the engine.
E2E = $(shell grep -rlE '^//go:build .*\be2e\b' --include='*_test.go' . | xargs -rn1 dirname | sort -u)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: go
go:
	@command -v go >/dev/null || { echo "Go is missing: install Go $$(sed -n 's/^go //p' go.mod) or newer from https://go.dev/dl/" >&2; exit 1; }
	@go list -m >/dev/null 2>&1 || { go list -m 2>&1 | sed 's/^/  /' >&2; echo "$$(go env GOVERSION) cannot build Muster: install Go $$(sed -n 's/^go //p' go.mod) or newer from https://go.dev/dl/" >&2; exit 1; }

.PHONY: build
build: go ## build ./muster
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o muster ./cmd/muster

.PHONY: install
install: go ## install muster into Go's bin folder
	CGO_ENABLED=0 go install -trimpath -ldflags '$(LDFLAGS)' ./cmd/muster

# `make install-plugin PLUGINS="muster compose"` answers `docker compose` too.
PLUGINS ?= muster
PLUGIN_DIR ?= $(or $(DOCKER_CONFIG),$(HOME)/.docker)/cli-plugins
.PHONY: install-plugin
install-plugin: build ## install muster as a plugin of the docker command line
	mkdir -p '$(PLUGIN_DIR)'
	for name in $(PLUGINS); do install -m 755 muster '$(PLUGIN_DIR)'/docker-$$name; done

.PHONY: demo
demo: go ## bring the quickstart example up, on an engine of its own making if there is none
	@./scripts/demo.sh

# Each test runs once: packages with tests on the engine run theirs that need none
# along with those.
.PHONY: test
test: lint test-rest test-e2e ## everything: lint, unit tests, and the tests on the real engine

.PHONY: test-unit
test-unit: go ## the tests that need no engine
	go test -timeout $(HANG) ./...

.PHONY: test-rest
test-rest: go
	go test -timeout $(HANG) $(filter-out $(E2E),$(shell go list -f '{{.Dir}}' ./... | sed "s,^$$PWD,.,"))

# One package at a time (-p), each with a few tests at a time (-parallel), however
# many processors there are: they share one engine, and mostly wait for it.
# MUSTER_E2E=1: a test that needs the engine fails without one, it never skips.
ENGINE_TESTS = MUSTER_E2E=1 go test -tags e2e -count=1 -p 1 -parallel 6 -timeout $(HANG)

.PHONY: test-e2e
test-e2e: engine images examples ## the tests on the real engine
	$(ENGINE_TESTS) $(E2E)

.PHONY: test-scripts
test-scripts: engine images examples ## all scripts of the command line on the real engine, those too that need none
	MUSTER_SCRIPTS=all $(ENGINE_TESTS) -run TestScriptsOnEngine ./cmd

.PHONY: reliability
reliability: engine images ## play the fault matrix on engines of its own, write docs/RELIABILITY.md
	$(ENGINE_TESTS) ./test/faultmatrix -update

# FuzzX of ./dir as dir:FuzzX, one after the other; what they find is kept in testdata/fuzz.
FUZZ_TIME ?= 10m
FUZZ ?= $(shell grep -rno '^func Fuzz[A-Za-z]*' --include='*_test.go' . | sed -E 's,^(.*)/[^/]*:[0-9]+:func (.*),\1:\2,' | sort)
.PHONY: fuzz
fuzz: go ## every fuzz target for FUZZ_TIME (default 10m); FUZZ=./loader:FuzzLoad for one
	@for target in $(FUZZ); do \
		echo "== $$target for $(FUZZ_TIME)"; \
		nice -n 19 go test "$${target%:*}" -run '^$$' -fuzz "^$${target#*:}\$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 5s -parallel 1; \
	done

.PHONY: race
race: go ## the unit tests under the race detector
	go test -race -timeout 20m ./...

.PHONY: bench
bench: build engine images ## measure against the engine's own floor, write docs/BENCHMARKS.md
	go run ./test/bench -muster ./muster -out docs/BENCHMARKS.md

.PHONY: soak
soak: engine images ## random faults for SOAK_MINUTES (default 15), a supervisor keeps the stack: nothing is lost, nothing grows
	MUSTER_E2E=1 go test -tags 'e2e soak' -count=1 -timeout 120m -run TestSoak -v ./test/faultmatrix

.PHONY: soak-up
soak-up: build engine examples ## disturb a stack between one up and the next for SOAK_MINUTES (default 60)
	@./scripts/soak.sh

.PHONY: lint
lint: go ## gofmt, go vet, staticcheck
	@unformatted=$$(find . -name '*.go' ! -path './.*' | xargs gofmt -l); [ -z "$$unformatted" ] || { echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; }
	go vet -tags e2e,soak ./...
	go run $(STATICCHECK) -tags e2e,soak ./...

.PHONY: vuln
vuln: go ## look for known vulnerabilities (asks vuln.go.dev)
	go run $(GOVULNCHECK) ./...

.PHONY: cross
cross: go ## build for linux, darwin and windows on amd64 and arm64 into dist/
	@for platform in $(PLATFORMS); do \
		os=$${platform%/*} arch=$${platform#*/} ext=; \
		[ $$os != windows ] || ext=.exe; \
		echo "dist/muster-$$os-$$arch$$ext"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -trimpath -ldflags '$(LDFLAGS)' -o dist/muster-$$os-$$arch$$ext ./cmd/muster; \
	done

.PHONY: engine
engine: ## make sure that a Docker engine answers; install and start one if not
	@./scripts/engine.sh

.PHONY: images
images: go engine ## build the test images that this machine lacks, from Debian packages
	@./scripts/images.sh

.PHONY: examples
examples: go ## build the programs of the examples into their build contexts
	@./scripts/examples.sh

.PHONY: man
man: go ## write the manual pages into dist/man
	go run ./scripts/man dist/man

.PHONY: clean
clean: ## remove what the other targets built in this folder
	rm -rf muster dist
	@./scripts/examples.sh clean

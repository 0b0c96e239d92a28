#!/usr/bin/env bash
# Builds the quickstart example's programs into their build contexts, as static
# Linux binaries for the engine of this machine: their images start from scratch,
# so building them needs no registry. `examples.sh clean` removes them.
set -euo pipefail
cd "$(dirname "$0")/../examples/quickstart"
for program in proxy api worker store; do
	if [ "${1:-}" = clean ]; then
		rm -f "$program/$program"
	else
		CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags '-s -w' -o "$program/$program" "./$program"
	fi
done

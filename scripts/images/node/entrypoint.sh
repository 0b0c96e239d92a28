#!/bin/sh
# Options and files that are no command are given to node.
set -e
if [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null; then
	set -- node "$@"
fi
exec "$@"

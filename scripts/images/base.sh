#!/usr/bin/env bash
# Writes a tar of a small Debian 12 with Postgres 15, Redis 7, nginx, Node 18 and Prometheus 2.
# Usage: base.sh FILE
#
# The suite is always bookworm, whatever this machine runs, so that every machine
# tests the same versions; only the mirror and the proxy are the machine's own.
set -euo pipefail

suite=bookworm
mirror=${MUSTER_TEST_MIRROR:-}
if [ -z "$mirror" ] && [ "$(. /etc/os-release && echo "$ID")" = debian ]; then
	# The first source that apt itself fetches Debian's main archive from.
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Component: main' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1 || true)
fi
mirror=${mirror:-http://deb.debian.org/debian}

options=()
for scheme in http https; do
	proxy=$(apt-config shell p "Acquire::$scheme::Proxy" 2>/dev/null || true)
	eval "${proxy:-p=}"
	[ -z "${p:-}" ] || options+=(--aptopt="Acquire::$scheme::Proxy \"$p\"")
	unset p
done

# Half of the weight is Postgres's compiler for query plans (LLVM); the server
# does without it when its library is absent. Documentation goes too, and the
# scripts of Prometheus's old web pages.
for path in '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' '/usr/share/info/*' \
	'/usr/lib/*/libLLVM*' '/usr/lib/*/libz3*' '/usr/lib/llvm-*' '/usr/lib/postgresql/*/lib/bitcode/*' \
	'/usr/lib/postgresql/*/lib/llvmjit*' '/usr/share/javascript/*' '/usr/bin/promtool'; do
	options+=(--dpkgopt="path-exclude=$path")
done

# Postgres's package would create a cluster of its own; the image's entrypoint
# makes one in the volume instead.
exec mmdebstrap --quiet --variant=essential --dpkgopt=force-unsafe-io "${options[@]}" \
	--keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
	--essential-hook='mkdir -p "$1/etc/postgresql-common"; echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
	--include=postgresql-15,redis-server,nginx-light,nodejs,prometheus,docker-registry,curl \
	--customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*.log "$1"/boot' \
	"$suite" "$1" "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"

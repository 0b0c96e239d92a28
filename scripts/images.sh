#!/usr/bin/env bash
# Builds the images that the tests run, from Debian's packages and this
# repository alone: no registry is asked. Each image is built once per machine
# and again when its recipe (scripts/images/, scripts/testimage/) changes.
#
# They are called muster-test/…, never postgres:15 and the like, so that no test
# passes on a stand-in that looks like the official image.
#
# Usage: scripts/images.sh [NAME…]   names: busybox helper base postgres redis nginx node prometheus registry
# Environment: MUSTER_TEST_MIRROR (Debian mirror, default this machine's own).
set -euo pipefail
cd "$(dirname "$0")"

label=dev.muster.test.recipe
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf 'images: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# recipe FILE-OR-FOLDER… prints what identifies the recipe: its content and its files' names.
recipe() {
	find "$@" -type f ! -path '*/bin/*' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-16
}

# current NAME:TAG RECIPE succeeds when the engine has the image of just this recipe.
current() {
	[ "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null)" = "$2" ]
}

# need COMMAND PACKAGE installs Debian's package where the command is missing.
need() {
	PATH=$PATH:/usr/sbin:/sbin type -P "$1" >/dev/null && return
	if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
		die "$1 is missing: install the package $2"
	fi
	say "installing $2"
	export DEBIAN_FRONTEND=noninteractive
	local install=(apt-get -qy -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends "$2")
	"${install[@]}" >"$work/apt.log" 2>&1 ||
		{ apt-get -q -o DPkg::Lock::Timeout=300 update && "${install[@]}"; } >"$work/apt.log" 2>&1 ||
		{ cat "$work/apt.log" >&2; die "apt-get install $2: see above"; }
}

# dockerfile NAME:TAG RECIPE FOLDER builds with the engine's classic builder: it
# needs no plug-in and takes a local FROM image without asking a registry.
dockerfile() {
	DOCKER_BUILDKIT=0 docker build --quiet --label "$label=$2" --tag "$1" "$3" >"$work/build.log" 2>&1 ||
		{ cat "$work/build.log" >&2; die "building $1: see above"; }
}

# built NAME:TAG SECONDS-AT-START reports one finished image.
built() {
	say "$1 built in $((SECONDS - $2)) s ($(docker image inspect --format '{{.Size}}' "$1" | awk '{printf "%.0f MB", $1/1e6}'))"
}

busybox() {
	local tag=muster-test/busybox:1 id at=$SECONDS
	id=$(recipe images/busybox.sh)
	current "$tag" "$id" && return
	./images/busybox.sh "$work/busybox" 2>"$work/busybox.log" || { cat "$work/busybox.log" >&2; die "$tag: see above"; }
	tar -C "$work/busybox" -c . | docker import -c 'CMD ["sh"]' -c "LABEL $label=$id" - "$tag" >/dev/null
	built "$tag" "$at"
}

helper() {
	local tag=muster-test/helper:1 id at=$SECONDS
	id=$(recipe testimage)
	current "$tag" "$id" && return
	mkdir "$work/helper"
	cp testimage/Dockerfile "$work/helper/"
	CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags '-s -w' -o "$work/helper/helper" ./testimage
	dockerfile "$tag" "$id" "$work/helper"
	built "$tag" "$at"
}

base() {
	local tag=muster-test/base:1 id at=$SECONDS
	id=$(recipe images/base.sh)
	current "$tag" "$id" && return
	need mmdebstrap mmdebstrap
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || need debian-archive-keyring debian-archive-keyring
	say "$tag: fetching Debian packages (about 40 s)"
	./images/base.sh "$work/base.tar" 2>"$work/base.log" ||
		{ tail -n 30 "$work/base.log" >&2; die "mmdebstrap: see above"; }
	docker import -c "LABEL $label=$id" "$work/base.tar" "$tag" >/dev/null
	rm "$work/base.tar"
	built "$tag" "$at"
}

# onbase NAME TAG builds images/NAME on top of the base.
onbase() {
	local tag=muster-test/$1:$2 id at
	base
	at=$SECONDS
	id=$(recipe images/base.sh "images/$1")
	current "$tag" "$id" && return
	dockerfile "$tag" "$id" "images/$1"
	built "$tag" "$at"
}

postgres() { onbase postgres 15; }
redis() { onbase redis 7; }
nginx() { onbase nginx 1; }
node() { onbase node 18; }
prometheus() { onbase prometheus 2; }
registry() { onbase registry 2; }

docker version >/dev/null 2>&1 || die "no Docker engine answers: run make engine first"
# One run at a time: a second one waits and finds everything built.
exec 9>"${TMPDIR:-/tmp}/muster-images.$(id -u).lock"
flock 9
for name in "${@:-all}"; do
	case $name in
	all) busybox; helper; postgres; redis; nginx; node; prometheus; registry ;;
	busybox | helper | base | postgres | redis | nginx | node | prometheus | registry) "$name" ;;
	*) die "unknown image $name: one of busybox helper base postgres redis nginx node prometheus registry" ;;
	esac
done

#!/usr/bin/env bash
# Lays out a root file system of busybox alone, from this machine's static busybox
# or from Debian's package of one, which is unpacked and not installed: it would
# replace a busybox that the machine boots with. Usage: busybox.sh FOLDER
set -euo pipefail
root=$1
PATH=$PATH:/usr/sbin:/sbin

# static_busybox FOLDER prints the path of a static busybox, unpacked in FOLDER if it must be.
static_busybox() {
	local own
	if own=$(type -P busybox) && ldd "$own" 2>&1 | grep -q 'not a dynamic executable'; then
		echo "$own"
		return
	fi
	cd "$1"
	{ apt-get -q download busybox-static || { apt-get -q -o DPkg::Lock::Timeout=300 update && apt-get -q download busybox-static; }; } >&2
	dpkg-deb -x busybox-static_*.deb .
	echo "$1/bin/busybox"
}

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
program=$(static_busybox "$unpacked")
mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,var}
chmod 1777 "$root/tmp"
cp "$program" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
	# The list contains busybox itself: a link would overwrite the program.
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"

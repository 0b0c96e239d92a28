#!/usr/bin/env bash
# Lays out a root file system of busybox alone. Usage: busybox.sh FOLDER
set -euo pipefail
root=$1
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,var}
chmod 1777 "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
	# The list contains busybox itself: a link would overwrite the program.
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"

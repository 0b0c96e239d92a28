#!/usr/bin/env bash
# Makes sure that a Docker engine answers. Where one does, nothing is touched.
# Otherwise, on Debian and Ubuntu as root, the distribution's own engine is
# installed and started: by systemd where it runs, else by hand in the background.
#
# Environment: DOCKER_HOST (an engine elsewhere is never replaced, only asked),
# MUSTER_DOCKERD_LOG (log of an engine started by hand, default /var/log/dockerd.log).
set -euo pipefail

log=${MUSTER_DOCKERD_LOG:-/var/log/dockerd.log}
pidfile=/var/run/docker.pid
start_seconds=60

say() { printf 'engine: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# answers succeeds when an engine speaks the API where this user's tools look for it.
answers() {
	if command -v docker >/dev/null; then
		# The server's version, not `docker info`: info exits 0 on some versions with no server at all.
		docker version --format '{{.Server.Version}}' >/dev/null 2>&1
	elif [ -z "${DOCKER_HOST:-}" ] && [ -S /var/run/docker.sock ] && command -v curl >/dev/null; then
		curl -fsS -m 20 --unix-socket /var/run/docker.sock http://localhost/_ping >/dev/null 2>&1
	else
		return 1
	fi
}

# refuse_elsewhere ends the script when the user points at an engine that is not
# this machine's default one: starting another would not help the tools that follow.
refuse_elsewhere() {
	case "${DOCKER_HOST:-}" in
	'' | unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
	*) die "no engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST to use this machine's own" ;;
	esac
	if [ -z "${DOCKER_HOST:-}" ] && command -v docker >/dev/null; then
		local context
		context=$(docker context show 2>/dev/null || echo default)
		[ "$context" = default ] ||
			die "no engine answers at the docker context \"$context\": start it, or run: docker context use default"
	fi
}

refuse_without_root() {
	[ "$(uname)" = Linux ] || die "no Docker engine answers: start Docker Desktop, or whatever runs your engine"
	[ "$(id -u)" = 0 ] && return
	if [ -S /var/run/docker.sock ]; then
		die "an engine's socket is at /var/run/docker.sock, but $(id -un) gets no answer there: start the engine, or run as root or as a member of the group docker"
	fi
	die "no Docker engine answers, and only root can install or start one: run this as root, or install Docker Engine (https://docs.docker.com/engine/install/)"
}

install_packages() {
	command -v apt-get >/dev/null ||
		die "no Docker engine here and no apt-get to install one: install Docker Engine (https://docs.docker.com/engine/install/) and run this again"
	say "installing docker.io (Docker Engine) from this machine's package sources"
	export DEBIAN_FRONTEND=noninteractive
	local output
	output=$(mktemp)
	{
		apt-get -q -o DPkg::Lock::Timeout=300 update &&
			apt-get -qy -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends \
				docker.io iptables ca-certificates
	} >"$output" 2>&1 || { cat "$output" >&2; die "apt-get could not install docker.io: see above"; }
	rm "$output"
}

# is_alive PID NAME: the process lives and is of that program (a stale pidfile may
# hold the number of a stranger by now).
is_alive() { [ -n "$1" ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]; }

# clear_stale removes what a killed engine left behind and what would keep the next one from starting.
clear_stale() {
	local pid socket=/run/containerd/containerd.sock
	pid=$(cat "$pidfile" 2>/dev/null || true)
	if [ -e "$pidfile" ] && ! is_alive "$pid" dockerd; then
		say "removing the stale $pidfile"
		rm -f "$pidfile"
	fi
	# dockerd takes this socket for a running containerd and would wait for it in vain.
	if [ -S "$socket" ] && ! grep -qF "$socket" /proc/net/unix; then
		say "removing the stale $socket"
		rm -f "$socket"
	fi
}

# mount_cgroups gives the engine its control groups on a machine whose init mounted none.
mount_cgroups() {
	grep -q ' /sys/fs/cgroup' /proc/mounts && return
	say "mounting the control groups at /sys/fs/cgroup"
	mount -t cgroup2 cgroup2 /sys/fs/cgroup || die "mounting the control groups: see above"
}

# await_engine PID|'' waits until the engine answers, and gives up as soon as its process is gone.
await_engine() {
	local deadline=$((SECONDS + start_seconds))
	until answers; do
		if [ -n "$1" ] && ! kill -0 "$1" 2>/dev/null; then
			tail -n 15 "$log" >&2 || true
			die "dockerd ended instead of starting: the end of $log is above"
		fi
		if [ "$SECONDS" -ge "$deadline" ]; then
			[ -z "$1" ] || tail -n 15 "$log" >&2 || true
			die "the engine was started but gives no answer after $start_seconds s"
		fi
		sleep 0.1
	done
}

start_by_hand() {
	local pid
	clear_stale
	pid=$(cat "$pidfile" 2>/dev/null || true)
	if is_alive "$pid" dockerd; then
		say "dockerd runs already as process $pid: waiting for it"
		await_engine "$pid"
		return
	fi
	mount_cgroups
	say "starting dockerd in the background, log in $log"
	setsid dockerd --pidfile "$pidfile" >>"$log" 2>&1 </dev/null &
	await_engine $!
}

start() {
	if [ -d /run/systemd/system ] && systemctl cat docker.service >/dev/null 2>&1; then
		say "starting docker.service"
		systemctl start docker.service || die "systemctl start docker.service: see journalctl -u docker.service"
		await_engine ''
	else
		start_by_hand
	fi
}

if answers; then
	exit 0
fi
refuse_elsewhere
refuse_without_root
PATH=$PATH:/usr/sbin:/sbin # a root shell without them cannot find dockerd and iptables
if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
	install_packages
	answers || start
else
	start
fi
say "ready: Docker Engine $(docker version --format '{{.Server.Version}}')"

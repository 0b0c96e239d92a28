#!/usr/bin/env bash
# Disturbs the quickstart stack in random ways for a while: containers are killed
# and removed behind muster's back, muster itself is killed in the middle of its
# work, services are changed and scaled. After each disturbance one `up` must
# bring the stack back: every container runs, no temporary name is left, the
# store has lost nothing, and a second `up` finds nothing to do. At the end
# `down -v` must leave nothing.
#
# Usage: scripts/soak.sh [DISTURBANCE…]   default: all, see below
# Environment: SOAK_MINUTES (default 60), SOAK_SEED (default random; printed).
set -euo pipefail
cd "$(dirname "$0")/.."

project=muster-soak
minutes=${SOAK_MINUTES:-60}
seed=${SOAK_SEED:-$RANDOM}
RANDOM=$seed
export QUICKSTART_PORT=${QUICKSTART_PORT:-8099} GREETING=Hello
scale=1
visits=0

say() { printf 'soak: %s\n' "$*"; }
die() { say "FAILED with SOAK_SEED=$seed: $*" >&2; docker ps -a --filter "label=com.docker.compose.project=$project" >&2; exit 1; }

muster() { ./muster -p "$project" -f examples/quickstart/compose.yaml "$@"; }
up() { muster --progress quiet up -d --wait --scale "api=$scale" "$@"; }
ids() { docker ps -q --no-trunc "$@" --filter "label=com.docker.compose.project=$project"; }
names() { docker ps --format '{{.Names}}' "$@" --filter "label=com.docker.compose.project=$project" | LC_ALL=C sort; }

# pick sets REPLY to one of its arguments. A command substitution would draw from
# a generator of its own, and the seed would not bring a run back.
pick() { local n=$((RANDOM % $# + 1)); REPLY=${!n}; }

# pick_container sets REPLY to the name of one of the project's containers; arguments as docker ps.
pick_container() {
	local found
	mapfile -t found < <(names "$@")
	pick "${found[@]}"
}

change() { GREETING="Hello $RANDOM"; up; }
rescale() { scale=$((RANDOM % 4 + 1)); up; }
kill_one() { pick_container; docker kill "$REPLY" >/dev/null; }
remove_one() { pick_container -a; docker rm -f "$REPLY" >/dev/null; }
pause_one() { pick_container; docker pause "$REPLY" >/dev/null; }
remove_all() { ids -a | xargs docker rm -f >/dev/null; }
restart() { pick proxy api worker store; muster --progress quiet restart "$REPLY"; }
stop() { pick proxy api worker store; muster --progress quiet stop "$REPLY"; }
down() { muster --progress quiet down; }

# killed_up starts an up that has much to do and kills it in the middle.
killed_up() {
	GREETING="Hello $RANDOM"
	up --force-recreate >/dev/null 2>&1 &
	local shell=$!
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	pkill -KILL -P "$shell" || true # its only child is muster, which may be done
	wait "$shell" 2>/dev/null || true
}

# check fails unless the stack is whole.
check() {
	local running want answer now
	running=$(names | tr '\n' ' ')
	want=$({ for ((i = 1; i <= scale; i++)); do echo "$project-api-$i"; done; printf '%s\n' "$project"-{proxy,store,worker}-1; } | LC_ALL=C sort | tr '\n' ' ')
	[ "$running" = "$want" ] || die "running: $running, want: $want"
	[ "$(ids -a | wc -l)" = "$((scale + 3))" ] || die "containers are left over"
	answer=$(exec 3<>"/dev/tcp/127.0.0.1/$QUICKSTART_PORT" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && cat <&3) || die "nothing answers"
	now=$(sed -n 's/.*"visits": \([0-9]*\).*/\1/p' <<<"$answer")
	[ "${now:-0}" -gt "$visits" ] || die "the store forgot: $visits visits before, then $answer"
	visits=$now
	local before after
	before=$(ids | sort)
	up
	after=$(ids | sort)
	[ "$before" = "$after" ] || die "an up with nothing to do changed containers"
}

cleanup() { muster --progress quiet down -v >/dev/null 2>&1 || true; }
trap cleanup EXIT

[ $# -gt 0 ] || set -- change rescale kill_one remove_one pause_one remove_all restart stop down killed_up
say "$minutes minutes, SOAK_SEED=$seed"
deadline=$((SECONDS + minutes * 60))
up
check
for ((round = 1; SECONDS < deadline; round++)); do
	pick "$@"
	disturbance=$REPLY
	say "round $round: $disturbance"
	"$disturbance" || die "$disturbance failed"
	up || die "up after $disturbance failed"
	check
done
muster --progress quiet down -v || die "down -v failed"
trap - EXIT
for kind in container network volume; do
	all=()
	[ "$kind" != container ] || all=(-a)
	left=$(docker "$kind" ls "${all[@]}" -q --filter "label=com.docker.compose.project=$project")
	[ -z "$left" ] || die "$kind left over: $left"
done
say "$((round - 1)) rounds, nothing lost, nothing left"

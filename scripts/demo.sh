#!/usr/bin/env bash
# Brings examples/quickstart up with a freshly built muster, shows its answer and
# its containers, and says how to go on. On a machine with an engine it makes
# nothing but this repository's ./muster and the project's own objects.
#
# Environment: QUICKSTART_PORT (default 8080, or the next free port).
set -euo pipefail
cd "$(dirname "$0")/.."
file=examples/quickstart/compose.yaml

step() { printf '\n== %s\n' "$*"; }

# get PORT prints what GET / answers on 127.0.0.1; it fails when nobody listens.
# A fresh machine has no curl, but it has bash.
get() {
	(
		exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
		printf 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
		sed -e '1,/^\r*$/d' <&3
	) 2>/dev/null
}

# free_port prints the first port from $1 on that is free or that the demo itself
# holds from an earlier run.
free_port() {
	local port answer
	for ((port = $1; port < $1 + 100; port++)); do
		if ! answer=$(get "$port") || [[ $answer == *'"served_by"'* ]]; then
			echo "$port"
			return
		fi
	done
	echo "demo: no free port in $1 to $((port - 1)): set QUICKSTART_PORT" >&2
	return 1
}

step "A Docker engine"
./scripts/engine.sh
echo "answers"

step "Building ./muster and the example's four programs"
make --no-print-directory build examples

port=${QUICKSTART_PORT:-$(free_port 8080)}
export QUICKSTART_PORT=$port

step "./muster -f $file up -d --wait"
./muster -f "$file" up -d --wait

step "GET http://127.0.0.1:$port/"
answer=$(get "$port") || { echo "demo: nothing answers at http://127.0.0.1:$port/" >&2; exit 1; }
printf '%s\n' "$answer"
case $answer in
*'"visits"'*'"jobs"'*) ;;
*) echo "demo: that is not the quickstart's answer" >&2; exit 1 ;;
esac

step "./muster -f $file ps"
./muster -f "$file" ps

cat <<END

"healthy, by probe" means that Muster ran the health check itself, at once, and that it
passed: the engine waits a whole interval before its first look, then says "healthy".

It runs. What next? In examples/quickstart, with QUICKSTART_PORT=$port:

  curl http://127.0.0.1:$port/             count a visit
  ../../muster logs -f worker            watch the worker
  GREETING=Hi ../../muster plan          see what a change would do, and why
  ../../muster down                      stop it; add -v to remove its data too
END

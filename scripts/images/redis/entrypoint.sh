#!/bin/bash
# Runs redis-server as the user redis. Options alone, or a configuration file
# alone, are given to redis-server.
set -euo pipefail

if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
	set -- redis-server "$@"
fi
if [ "$1" = redis-server ]; then
	# Without a password Redis answers nobody but its own host, unless told so;
	# inside a container the network is the protection. The user's own word wins.
	[[ " $* " == *" --protected-mode "* ]] || set -- "$@" --protected-mode no
	if [ "$(id -u)" = 0 ]; then
		find . \! -user redis -exec chown redis:redis '{}' +
		exec setpriv --reuid=redis --regid=redis --init-groups "$@"
	fi
fi
exec "$@"

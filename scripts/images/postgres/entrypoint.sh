#!/bin/bash
# Initialises an empty data folder from POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB (each also as …_FILE), POSTGRES_INITDB_ARGS and
# POSTGRES_HOST_AUTH_METHOD, runs /docker-entrypoint-initdb.d/*.sql and *.sh,
# then becomes the server as the user postgres.
set -euo pipefail

die() { echo "error: $*" >&2; exit 1; }

# setting NAME DEFAULT sets NAME from itself, from the file that NAME_FILE names, or from the default.
setting() {
	local name=$1 file=$1_FILE
	[ -z "${!name:-}" ] || [ -z "${!file:-}" ] || die "both $name and $file are set"
	if [ -n "${!file:-}" ]; then
		printf -v "$name" '%s' "$(<"${!file}")"
	elif [ -z "${!name:-}" ]; then
		printf -v "$name" '%s' "$2"
	fi
	export "$name=${!name}"
	unset "$file"
}

initialise() {
	local method=${POSTGRES_HOST_AUTH_METHOD:-}
	[ -n "$POSTGRES_PASSWORD" ] || [ "$method" = trust ] ||
		die "the database is new and POSTGRES_PASSWORD is not set"

	eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS"
	echo "host all all all ${method:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"

	# Reachable through the local socket only: nobody must take this server for a ready one.
	PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
	local sql=(psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER")
	if [ "$POSTGRES_DB" != postgres ]; then
		"${sql[@]}" --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
	fi
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh) echo "running $file"; . "$file" ;;
		*.sql) echo "running $file"; "${sql[@]}" --dbname "$POSTGRES_DB" --file "$file" ;;
		esac
	done
	PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
	echo 'PostgreSQL init process complete; ready for start up.'
}

[ "${1:-}" != '' ] && [ "${1#-}" != "$1" ] && set -- postgres "$@"
if [ "$1" = postgres ]; then
	# Read as root: a secret's file may be closed to the user postgres.
	setting POSTGRES_PASSWORD ''
	setting POSTGRES_USER postgres
	setting POSTGRES_DB "$POSTGRES_USER"
	setting POSTGRES_INITDB_ARGS ''
	if [ "$(id -u)" = 0 ]; then
		mkdir -p "$PGDATA"
		chown -R postgres:postgres "$PGDATA" /var/run/postgresql
		chmod 0700 "$PGDATA"
		exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql "$0" "$@"
	fi
	[ -s "$PGDATA/PG_VERSION" ] || initialise
fi
exec "$@"

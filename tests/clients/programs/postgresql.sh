#!/bin/sh
# SPDX-License-Identifier: MIT
# postgresql.sh
# A PostgreSQL server of its own: parallel workers must run, share memory by POSIX
# objects, and come to the same result as one process alone. No connection but by a
# socket in its own directory.
set -eu

bin=$(echo /usr/lib/postgresql/*/bin)
PATH=${bin##* }:$PATH
work=$(mktemp -d)
trap 'pg_ctl -D "$work/data" -m immediate stop >/dev/null 2>&1 || :; rm -rf "$work"' EXIT

shown() {
	"$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

sql() {
	psql -h "$work" -U postgres -d postgres -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

shown initdb -D "$work/data" -U postgres -A trust -E UTF8 --no-locale --no-sync
cat >>"$work/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$work'
dynamic_shared_memory_type = posix
min_dynamic_shared_memory = 0
fsync = off
max_parallel_workers_per_gather = 2
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
END
shown pg_ctl -D "$work/data" -l "$work/server.log" -w start
test "$(sql -c 'show dynamic_shared_memory_type')" = posix

sql -c "create table numbers as select n, md5(n::text) as text from generate_series(1, 200000) n"
sql -c "analyze numbers"

# A join by a hash table that the workers build together, in shared memory.
query="select count(*), sum(length(a.text)) from numbers a join numbers b on a.text = b.text"
plan=$(sql -c "set enable_mergejoin = off" -c "explain (analyze, costs off, timing off) $query")
echo "$plan"
echo "$plan" | grep -q 'Parallel Hash ('
echo "$plan" | grep -q 'Workers Launched: 2$'
parallel=$(sql -c "set enable_mergejoin = off" -c "$query")
alone=$(sql -c "set max_parallel_workers_per_gather = 0" -c "$query")
test "$parallel" = "$alone"
test "$parallel" = '200000|6400000'

# While it runs, the server has segments of its own; then nothing may be left.
ls /dev/shm/PostgreSQL.* >/dev/null
pg_ctl -D "$work/data" -m fast -w stop >/dev/null
test -z "$(ls -A /dev/shm)"

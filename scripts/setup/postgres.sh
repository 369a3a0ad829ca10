#!/bin/sh
# Makes sure that PostgreSQL's programs are on this machine (the tests start a server of their own).
# Safe to run twice. Installs only when root on a machine with apt; otherwise says what to install.
set -eu

find_initdb() {
    command -v initdb 2>/dev/null && return 0
    for folder in /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && echo "$folder/initdb" && return 0
    done
    return 1
}

if found=$(find_initdb); then
    echo "PostgreSQL is here: $found"
    exit 0
fi

if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "PostgreSQL is missing. Install it as root: 'apt-get install postgresql' (Debian, Ubuntu)," \
        "'dnf install postgresql-server' (Fedora) or 'brew install postgresql' (macOS)." >&2
    exit 1
fi

# The package would start a cluster of its own; the tests need the programs only.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends postgresql
find_initdb

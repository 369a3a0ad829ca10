#!/usr/bin/env bash
# wrk, the load generator of `make bench`. Installed through apt as root; else we say what to ask for.
set -euo pipefail
command -v wrk >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing wrk..." >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null
else
  echo "wrk is missing: ask for the system package wrk (apt-get install wrk)." >&2
  exit 1
fi

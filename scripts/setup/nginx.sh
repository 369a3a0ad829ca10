#!/usr/bin/env bash
# nginx, the gateway. Installed through apt as root; as anyone else we say what to ask for.
set -euo pipefail
PATH=$PATH:/usr/sbin:/usr/local/sbin
command -v nginx >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing nginx..." >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light >/dev/null
else
  echo "nginx is missing: ask for the system package nginx-light (apt-get install nginx-light)." >&2
  exit 1
fi

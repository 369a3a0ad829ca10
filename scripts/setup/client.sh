#!/usr/bin/env bash
# An unmodified third-party command line client in an environment of its own, exactly as its lock says
# (tests/e2e/clients/<name>.lock). Usage: client.sh NAME... Safe to run again. Installs into .clients/<name>.
set -euo pipefail
cd "$(dirname "$0")/../.."
for name in "$@"; do
  lock=tests/e2e/clients/$name.lock
  stamp=.clients/$name/.installed
  wanted=$(sha256sum "$lock" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && continue
  echo "Installing the client $name..." >&2
  .venv/bin/python -m venv --clear ".clients/$name"
  ".clients/$name/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
  echo "$wanted" > "$stamp"
done

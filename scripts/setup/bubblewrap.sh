#!/usr/bin/env bash
# bubblewrap, the process engine's sandbox. Installed through apt as root; as anyone else we say what to ask for.
set -euo pipefail
if ! command -v bwrap >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing bubblewrap..." >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bubblewrap >/dev/null
  else
    echo "bubblewrap is missing: ask for the system package bubblewrap (apt-get install bubblewrap)." >&2
    exit 1
  fi
fi
if ! command -v setpriv >/dev/null; then
  echo "setpriv is missing: ask for the system package util-linux (2.31 or newer)." >&2
  exit 1
fi
# One trial: a container may lack the right to mount, a system may forbid user namespaces.
[ "$(id -u)" = 0 ] && user=() || user=(--unshare-user)
if ! said=$(bwrap "${user[@]}" --unshare-pid --unshare-net --ro-bind / / --proc /proc --dev /dev true 2>&1); then
  echo "bubblewrap cannot make sandboxes here: $said" >&2
  echo "Allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)," >&2
  echo "or in a container start it with the right to mount." >&2
  exit 1
fi

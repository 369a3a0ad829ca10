#!/usr/bin/env bash
# A Docker Engine and the small images of tests/docker, on a machine without an image registry: Debian's package
# mirror is all it needs. As root on a machine with apt it installs docker.io and starts dockerd where none
# runs; as anyone else we say what to ask for. Safe to run again: what is there stays. Remove an image to have
# it built anew.
#
#   docker.sh          engine and images
#   docker.sh engine   the engine only
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
SHELL_IMAGE=tidegate/test-shell:1   # busybox and nothing else
PYTHON_IMAGE=tidegate/test-python:1 # Debian's Python on top of it
LOG=/var/log/dockerd.log

say() { printf '%s\n' "$*" >&2; }
answers() { docker info >/dev/null 2>&1; }
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

refuse() {
  say "$1 Ask for it: as root, 'apt-get install docker.io', 'systemctl start docker', and" \
    "'usermod -aG docker $(id -un)' for the user who runs jobs and tests (then log in again)."
  exit 1
}

engine() {
  if ! command -v docker >/dev/null || ! command -v dockerd >/dev/null && ! answers; then
    may_install || refuse "The Docker Engine is missing."
    say "Installing docker.io..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      docker.io iptables ca-certificates >/dev/null
  fi
  answers && return
  [ "$(id -u)" = 0 ] || refuse "The Docker Engine does not run, or this user may not use it."
  say "Starting dockerd (its log: $LOG)..."
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    setsid nohup dockerd >>"$LOG" 2>&1 </dev/null &
  fi
  for _ in $(seq 120); do answers && return; sleep 0.5; done
  say "dockerd did not start. The end of its log:"
  tail -n 5 "$LOG" >&2 || true
  exit 1
}

here() { docker image inspect "$1" >/dev/null 2>&1; }

# The packages with all that they need, unpacked into a folder; nothing of the machine's own goes in.
unpack() { # folder package...
  local root=$1 archives
  shift
  archives=$(mktemp -d)
  mkdir -p "$archives/partial"
  : >"$archives/status"
  apt-get install -y -qq --no-install-recommends --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
    -o Dir::State::status="$archives/status" -o Dir::Cache::archives="$archives" "$@" >/dev/null
  for package in "$archives"/*.deb; do dpkg-deb -x "$package" "$root"; done
  rm -rf "$archives"
}

busybox_into() {
  local root=$1 box=$1/bin/busybox
  [ -x "$box" ] || { mkdir -p "$root/bin" && mv "$root/usr/bin/busybox" "$box"; }
  for applet in $("$box" --list); do
    [ -e "$root/bin/$applet" ] || [ -L "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
  done
  mkdir -p "$root/etc" "$root/tmp" "$root/proc" "$root/sys" "$root/dev"
  if [ -e "$root/usr/bin/python3" ]; then ln -sf python3 "$root/usr/bin/python"; fi
  echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
}

image() { # name package...
  local name=$1 root
  shift
  here "$name" && return
  may_install || refuse "The image $name is missing, and building it takes root and apt."
  say "Building $name from Debian's packages..."
  root=$(mktemp -d)
  apt-get update -qq
  unpack "$root" "$@"
  busybox_into "$root"
  rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale"
  tar -C "$root" --owner=0 --group=0 --numeric-owner -c . |
    docker import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin' -c 'CMD ["/bin/sh"]' - "$name" >/dev/null
  rm -rf "$root"
}

engine
[ "${1:-all}" = engine ] && exit 0
image "$SHELL_IMAGE" busybox-static
image "$PYTHON_IMAGE" busybox-static python3-minimal libpython3-stdlib

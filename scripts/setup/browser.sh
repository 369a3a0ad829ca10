#!/usr/bin/env bash
# Chromium and its driver, for the tests of the browser pages. Installed through apt as root; as anyone else we
# say what to ask for.
set -euo pipefail
command -v chromium >/dev/null && command -v chromedriver >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium..." >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium chromium-driver fonts-dejavu-core >/dev/null
else
  echo "Chromium is missing: ask for the packages chromium and chromium-driver" \
    "(apt-get install chromium chromium-driver)." >&2
  exit 1
fi

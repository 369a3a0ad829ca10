#!/usr/bin/env bash
# The virtual environment with exactly the locked, hashed dependencies. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-}
if [ -z "$python" ]; then
  for candidate in python3 python3.12 python3.11 python3.13; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      python=$candidate; break
    fi
  done
fi
[ -n "$python" ] || { echo "Python 3.11 or newer is missing: ask for the system packages python3 and python3-venv." >&2; exit 1; }

stamp=.venv/.installed
wanted=$(cat requirements.lock pyproject.toml | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && [ -x .venv/bin/tidegate ] && exit 0

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    else
      echo "Python's venv module is missing: ask for the system package python3-venv." >&2; exit 1
    fi
  fi
  "$python" -m venv --clear .venv
fi
echo "Installing Python packages (requirements.lock)..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
# pip leaves this out where PYTHONDONTWRITEBYTECODE is set, and then every process compiles what it imports.
.venv/bin/python -m compileall -q .venv/lib || true # some packages carry files for other versions of Python
# The command line of this checkout, wherever it is called from.
cat > .venv/bin/tidegate <<END
#!$PWD/.venv/bin/python
import sys

sys.path.insert(0, "$PWD")
from libs.client.main import run

run()
END
chmod +x .venv/bin/tidegate
echo "$wanted" > "$stamp"

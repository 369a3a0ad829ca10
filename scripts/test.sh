#!/usr/bin/env bash
# Every test. The parallel part first, then what owns a whole stack, one at a time.
# Usage: scripts/test.sh [pytest options]
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python

rm -f .coverage .coverage.*
"$python" -m pytest -q -n 2 --dist loadgroup --cov=libs --cov=services --cov-report= "$@" \
  tests/unit tests/contract tests/property tests/integration
"$python" -m coverage report --include='services/*/domain/*,libs/signing/*' --fail-under=95 --skip-covered --precision=1
"$python" -m pytest -q -n 0 "$@" tests/e2e tests/fault

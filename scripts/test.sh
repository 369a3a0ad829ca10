#!/usr/bin/env bash
# Every test: units with the coverage of the rules, then what needs real parts, then whole stacks one at a time.
# Usage: scripts/test.sh [pytest options]
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
rules=(--cov=libs/signing)
for domain in services/*/domain; do [ -d "$domain" ] && rules+=("--cov=$domain"); done

rm -f .coverage .coverage.*
"$python" -m pytest -q -n 2 "${rules[@]}" --cov-branch --cov-report= "$@" tests/unit
"$python" -m coverage report --fail-under=95 --skip-covered --precision=1
"$python" -m pytest -q -n 2 "$@" tests/contract tests/property tests/integration
"$python" -m pytest -q -n 0 "$@" tests/e2e tests/fault

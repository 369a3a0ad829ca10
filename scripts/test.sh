#!/usr/bin/env bash
# Every test: units with the coverage of the rules, then what needs real parts, then whole stacks, two at a time.
# Usage: scripts/test.sh [pytest options]
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
unset PYTHONDONTWRITEBYTECODE # where it is set each process of a run compiles every test module anew
rules=(--cov=libs/signing)
for domain in services/*/domain; do [ -d "$domain" ] && rules+=("--cov=$domain"); done

rm -f .coverage .coverage.*
"$python" -m pytest -q -n 2 "${rules[@]}" --cov-branch --cov-report= "$@" tests/unit
"$python" -m coverage report --fail-under=95 --skip-covered --precision=1
# worksteal keeps neighbours together: what a file's tests share starts once.
"$python" -m pytest -q -n 2 --dist worksteal --durations=25 "$@" tests/contract tests/property tests/integration
# A stack belongs to one process, and so does a file. fault has the longest files: they come first.
"$python" -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=40 "$@" tests/fault tests/e2e

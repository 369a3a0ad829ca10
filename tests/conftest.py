"""Fixtures that every kind of test may ask for; nothing starts until a test does."""

import sys

import py_ecc  # noqa: F401 - below eth_account; raises the recursion limit to 100,000 when first imported

# Python's own limit again, as in our processes: under the other one deeply nested JSON is a crash.
sys.setrecursionlimit(1000)

pytest_plugins = ["tests.fixtures_chain", "tests.fixtures_postgres", "tests.fixtures_routing"]

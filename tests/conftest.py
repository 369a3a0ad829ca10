"""Fixtures that every kind of test may ask for; nothing starts until a test does."""

pytest_plugins = ["tests.fixtures_chain", "tests.fixtures_postgres"]

"""Which clauses of the dialects' contracts are met, by the tests that hold them: docs/conformance.md."""

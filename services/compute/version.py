"""The version clients see; semver-like, because some parse it."""

VERSION = "0.1.0"

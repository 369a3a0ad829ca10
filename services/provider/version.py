"""The version clients see; semver-like, because some parse it."""

VERSION = "2.1.6+tidegate.0.1.0"

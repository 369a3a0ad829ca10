"""The version clients see in the root document; semver, because some parse it. Kept equal to pyproject's."""

VERSION = "0.1.0"

"""The version that this service reports."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("tidegate")
    except PackageNotFoundError:
        return "0.1.0"


VERSION = _installed()

"""What is wrong with slices."""


class InvalidSlices(Exception):
    """Slices that nobody can read; `path` is the member at fault."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


class RemoteDataDisabled(Exception):
    """Slices that are to be fetched, where nothing is."""

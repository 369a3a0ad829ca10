"""Sign-ins kept between commands: one file of the user's own, readable by nobody else."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def default_path(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".config"
    return Path(base) / "tidegate" / "tokens.json"


class SavedTokens:
    """Token answers by gateway URL. A file that cannot be read counts as empty."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, gateway: str) -> dict[str, Any] | None:
        found = self._read().get(gateway)
        return found if isinstance(found, dict) else None

    def put(self, gateway: str, tokens: Mapping[str, Any] | None) -> None:
        """None forgets. Call it inside `locked` when others may write at the same time."""
        everything = self._read()
        everything.pop(gateway, None)
        if tokens is not None:
            everything[gateway] = dict(tokens)
        self._folder()
        temporary = self.path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            json.dump(everything, handle, indent=1)
        temporary.replace(self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A refresh token counts once: of several commands at once, one renews and the others wait."""
        self._folder()
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

"""Links that are a permission by themselves: whoever holds one may read what it names, for its time."""

from typing import Protocol


class Links(Protocol):
    def sign(self, what: str, until: int) -> str:
        """The signature of a link to `what`, good until that moment (UTC seconds)."""

    def holds(self, what: str, until: int, signature: str) -> bool:
        """Whether it is that signature; whether its time is over is asked elsewhere."""

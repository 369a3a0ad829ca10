"""What is wrong with a manifest: every problem, each with a JSON pointer to the attribute as it was sent."""

from typing import Final

from services.compute.domain.errors import BadSpec

Problem = tuple[str, str]
_MOST_QUOTED: Final = 64


class BadManifest(BadSpec):
    """A manifest that cannot be taken."""


class Notes:
    """Collects problems while manifests are read, so that their owner learns of all at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, place: str, text: str) -> None:
        self.problems.append((place, text))

    def settle(self) -> None:
        """Raises BadManifest when there is a problem."""
        if self.problems:
            raise BadManifest(list(dict.fromkeys(self.problems)))


def quoted(text: object) -> str:
    """What somebody wrote, as it may be shown: short, on one line."""
    plain = "".join(c if c.isprintable() else "?" for c in str(text)[: _MOST_QUOTED + 1])
    return f'"{plain[:_MOST_QUOTED]}…"' if len(plain) > _MOST_QUOTED else f'"{plain}"'

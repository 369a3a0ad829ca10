"""What is wrong with a description: every problem, each at its JSON pointer."""

from typing import Final

from services.compute.domain.errors import BadSpec

Problem = tuple[str, str]
MOST_TOLD: Final = 50
_MOST_QUOTED = 64


class BadDescription(BadSpec):
    """A job or workflow that cannot be taken. Its text is what the `error` member of the answer says."""

    def __init__(self, problems: list[Problem]) -> None:
        told = list(dict.fromkeys((_on_one_line(place), _on_one_line(text)) for place, text in problems))
        if len(told) > MOST_TOLD:
            told = [*told[:MOST_TOLD], ("", f"and {len(told) - MOST_TOLD} more problems")]
        super().__init__(told)


class Notes:
    """Collects problems while a description is read, so that its owner learns of all at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, place: str, text: str) -> None:
        self.problems.append((place, text))

    def settle(self) -> None:
        """Raises BadDescription when there is a problem."""
        if self.problems:
            raise BadDescription(self.problems)


def quoted(text: object) -> str:
    """What somebody wrote, as it may be shown: short, on one line."""
    plain = _on_one_line(str(text)[: _MOST_QUOTED + 1])
    return f'"{plain[:_MOST_QUOTED]}…"' if len(plain) > _MOST_QUOTED else f'"{plain}"'


def _on_one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)

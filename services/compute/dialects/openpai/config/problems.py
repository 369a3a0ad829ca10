"""What is wrong with a description: all of it, each with its place (`taskRoles[0].cpuNumber`)."""

from typing import Final

Problem = tuple[str, str]
MOST_TOLD: Final = 50
_MOST_SHOWN: Final = 64


class Invalid(Exception):
    """A description that cannot be taken; places and reasons are safe to show."""

    def __init__(self, problems: list[Problem]) -> None:
        told = list(dict.fromkeys(problems))
        if len(told) > MOST_TOLD:
            told = [*told[:MOST_TOLD], ("body", f"has {len(told) - MOST_TOLD} more problems")]
        super().__init__("; ".join(f"{place} {reason}" for place, reason in told))
        self.problems = told


class Notes:
    """Collects problems, so that one answer tells of all."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, place: str, reason: str) -> None:
        self.problems.append((place, reason))

    def settle(self) -> None:
        """Raises Invalid when there is a problem."""
        if self.problems:
            raise Invalid(self.problems)


def shown(name: str) -> str:
    """A member's name as somebody wrote it, short and on one line."""
    short = name[:_MOST_SHOWN]
    return short if short.isprintable() else "".join(c if c.isprintable() else "?" for c in short)

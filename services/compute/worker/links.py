"""Whether links stay where they are. Pure: a tree's links by the parts of their paths, targets as texts."""

from collections.abc import Mapping
from typing import Final

MAX_TARGET: Final = 1024
MOST_HOPS: Final = 40  # as the kernel
MOST_STEPS: Final = 2_000_000  # for all links of one tree

Links = Mapping[tuple[str, ...], str]


def is_inner(at: tuple[str, ...], target: str) -> bool:
    """By its spelling alone: relative, and not above the top of the tree."""
    return is_spelled(target) and _end(at, target, {}, MOST_STEPS) is not None


def is_spelled(target: str) -> bool:
    """Relative, without control characters."""
    is_clean = all(ord(letter) >= 32 and ord(letter) != 127 for letter in target)
    return 0 < len(target) <= MAX_TARGET and not target.startswith("/") and is_clean


def leads_out(links: Links) -> tuple[str, ...] | None:
    """The first link that leaves the tree when all are followed as the kernel follows them; None when none
    does. Too many to follow count as one that does.
    """
    steps = MOST_STEPS
    for at, target in links.items():
        left = _end(at, target, links, steps)
        if left is None:
            return at
        steps = left
    return None


def _end(at: tuple[str, ...], target: str, links: Links, steps: int) -> int | None:
    """Steps left when it was followed to its end, or in a circle; None when it left the tree."""
    here = list(at[:-1])
    todo = target.split("/")[::-1]
    hops = 0
    while todo:
        steps -= 1
        part = todo.pop()
        if part in ("", "."):
            continue
        if steps <= 0 or (part == ".." and not here):
            return None
        if part == "..":
            here.pop()
            continue
        here.append(part)
        if (further := links.get(tuple(here))) is not None:
            hops += 1
            if hops > MOST_HOPS:
                return steps
            here.pop()
            todo.extend(further.split("/")[::-1])
    return steps

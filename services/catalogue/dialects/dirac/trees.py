"""Directories that a search found, as the tree that DIRAC's clients walk (contract 3.4).

`d` are children, `f` files and `s` bytes of everything below; only what matched carries those two, and the
root always does.
"""

from collections.abc import Iterable
from typing import Any

from services.catalogue.domain.files.fields import Match
from services.catalogue.domain.files.lfn import ROOT

Node = dict[str, Any]


def tree(path: str, matches: Iterable[Match]) -> Node:
    """Relative to `path`, at which or below which each of them lies."""
    root: Node = {"f": 0, "s": 0}
    skipped = 0 if path == ROOT else len(path)
    for match in matches:
        node = root
        for part in match.path[skipped:].split("/"):
            if part:
                node = node.setdefault("d", {}).setdefault(part, {})
        node["f"], node["s"] = match.files, match.bytes
    return root


def flat(matches: Iterable[Match]) -> list[Node]:
    return [{"path": match.path, "files": match.files, "size": match.bytes} for match in matches]

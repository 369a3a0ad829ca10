"""Syntax trees of tree-sitter: read without running anything, walked without recursion."""

import re
import time
from collections.abc import Iterator
from threading import Lock
from typing import Final

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Tree

from services.compute.dialects.dcp.work.faults import WorkFunctionInvalid

JAVASCRIPT: Final = Language(tree_sitter_javascript.language())
TYPESCRIPT: Final = Language(tree_sitter_typescript.language_typescript())
_OURS: Final = b" \t\r\n)"  # what stands behind the source, and blanks
_OURS_BEHIND: Final = b"\n)"
_MOST_SHOWN: Final = 64  # bytes
_TOKEN: Final = re.compile(r"\w{1,32}|=>|[!-~]")
SECONDS: Final = 3.0
LOOKED_AT: Final = 5.0  # seconds, of going through one tree: neighbours are found from its root
SLOW: Final = "it cannot be read in a reasonable time"
_PIECE: Final = 64 * 1024
_ONE: Final = Lock()  # large sources take seconds: one at a time


def parse(source: bytes, language: Language) -> Tree:
    """Raises WorkFunctionInvalid for one that takes too long: some mistakes cost far more than others."""
    with _ONE:
        until = time.monotonic() + SECONDS
        try:
            return Parser(language).parse(
                lambda at, _: source[at : at + _PIECE],
                progress_callback=lambda *_: time.monotonic() > until,
            )
        except ValueError:
            raise WorkFunctionInvalid(SLOW) from None


class Patience:
    """Of one who goes through a tree: some sources cost far more than others of their length."""

    def __init__(self) -> None:
        self._until = time.monotonic() + LOOKED_AT

    def check(self) -> None:
        """Raises WorkFunctionInvalid when it has taken too long."""
        if time.monotonic() > self._until:
            raise WorkFunctionInvalid(SLOW)


def walk(tree: Tree) -> Iterator[Node]:
    """Every node before those inside of it. Raises WorkFunctionInvalid when whoever asks takes too long."""
    cursor, patience = tree.walk(), Patience()
    while True:
        patience.check()
        node = cursor.node
        if node is not None:
            yield node
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            return


def refuse_mistakes(tree: Tree, source: bytes, lead: int) -> None:
    """`lead`: characters of ours before the source. Raises WorkFunctionInvalid for the first mistake."""
    if not tree.root_node.has_error:
        return
    error: Node | None = None
    for node in walk(tree):
        if error is not None and node.start_byte >= error.end_byte:
            break
        if node.is_missing:
            raise _fault(source, node.start_byte, lead, f"{_said(node)} is missing")
        if node.is_error:
            error = node  # the innermost of the first
    if error is None or _is_open(error, source):
        raise _fault(source, len(source.rstrip(_OURS)), lead, "it ends too early")
    at = max(error.start_byte, lead)
    if at >= len(source) - len(_OURS_BEHIND):  # ours, because one of the source closed what we had opened
        at = source.rfind(b")", 0, at)
    near = _TOKEN.match(source[at : at + _MOST_SHOWN].decode(errors="ignore"))
    raise _fault(source, at, lead, f"syntax error near {near.group()}" if near else "syntax error")


def _is_open(error: Node, source: bytes) -> bool:
    """Whether it goes on to the end: something was opened and never closed."""
    return error.child_count > 1 and error.end_byte >= len(source.rstrip(_OURS))


def _said(node: Node) -> str:
    return f"an {node.type.replace('_', ' ')}" if node.is_named else node.type


def fault_at(source: bytes, node: Node, lead: int, reason: str) -> WorkFunctionInvalid:
    return _fault(source, node.start_byte, lead, reason)


def _fault(source: bytes, at: int, lead: int, reason: str) -> WorkFunctionInvalid:
    before = source[:at].decode(errors="replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1 - (lead if line == 1 else 0)
    return WorkFunctionInvalid(reason, line, max(1, column))

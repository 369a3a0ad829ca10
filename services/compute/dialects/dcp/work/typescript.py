"""Types taken out of TypeScript: blanks stand in their place, so that lines and columns stay (contract 4.1).

What is more than types (enums, namespaces, decorators, parameter properties) would need other code in its
place, and is refused by name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tree_sitter import Node

from services.compute.dialects.dcp.work.faults import WorkFunctionInvalid
from services.compute.dialects.dcp.work.javascript import (
    CLOSE,
    OPEN,
    check_expression,
    only_expression,
    without_tail,
)
from services.compute.dialects.dcp.work.trees import TYPESCRIPT, fault_at, parse, refuse_mistakes, walk

_ADVICE: Final = "needs more than its types taken out: write it in JavaScript"
_REFUSED: Final[Mapping[str, str]] = {
    "enum_declaration": f"an enum {_ADVICE}",
    "internal_module": f"a namespace {_ADVICE}",
    "module": f"a namespace {_ADVICE}",
    "decorator": f"a decorator {_ADVICE}",
    "import_statement": "a work function cannot import: name its packages",
    "import_alias": f"an import {_ADVICE}",
    "export_statement": "a work function is an expression: it cannot export",
}
# Whole statements and members, whose place a semicolon takes.
_GONE: Final = frozenset(
    {
        "interface_declaration",
        "type_alias_declaration",
        "ambient_declaration",
        "function_signature",
        "method_signature",
        "abstract_method_signature",
        "index_signature",
    }
)
_BLANK: Final = frozenset(
    {
        "type_annotation",
        "type_predicate_annotation",
        "asserts_annotation",
        "opting_type_annotation",
        "adding_type_annotation",
        "omitting_type_annotation",
        "type_parameters",
        "type_arguments",
        "implements_clause",
        "accessibility_modifier",
        "override_modifier",
    }
)
_ANNOTATIONS: Final = frozenset(kind for kind in _BLANK if kind.endswith("annotation"))
# Words and marks that stand for types alone, by what they stand in.
_MARKS: Final[Mapping[str, frozenset[str]]] = {
    "optional_parameter": frozenset({"?"}),
    "public_field_definition": frozenset({"?", "!", "readonly", "abstract"}),
    "method_definition": frozenset({"?"}),
    "variable_declarator": frozenset({"!"}),
    "abstract_class_declaration": frozenset({"abstract"}),
    "non_null_expression": frozenset({"!"}),
}
_PROPERTIES: Final = frozenset({"accessibility_modifier", "override_modifier", "readonly"})
_PARAMETERS: Final = frozenset({"required_parameter", "optional_parameter"})
# What may end without a semicolon, on which the next line's meaning depends.
_STATEMENTS: Final = frozenset(
    {
        "expression_statement",
        "lexical_declaration",
        "variable_declaration",
        "return_statement",
        "throw_statement",
        "public_field_definition",
    }
)


_JOINED: Final[Mapping[str, str]] = {
    "array_type": "[",
    "lookup_type": "[",
    "generic_type": "type_arguments",
    "non_null_expression": "!",
}
# Behind a type these open a statement; behind what the type stood at they would go on with it.
_LINE_OPENS: Final = re.compile(rb"[ \t\r]*\n\s*[(\[`]")


class _Page:
    """The source, in which places are blanked."""

    def __init__(self, source: bytes) -> None:
        self._bytes = bytearray(source)

    def blank(self, start: int, end: int, first: bytes = b" ") -> None:
        for at in range(start, end):
            if self._bytes[at] not in b"\r\n":
                self._bytes[at] = 32
        if end > start and self._bytes[start] not in b"\r\n":
            self._bytes[start : start + 1] = first

    @property
    def text(self) -> str:
        return self._bytes.decode()


def strip_types(text: str) -> str:
    """JavaScript that does the same. Raises WorkFunctionInvalid."""
    cut = without_tail(text, TYPESCRIPT)
    wrapped = OPEN + cut.encode() + CLOSE
    tree = parse(wrapped, TYPESCRIPT)
    refuse_mistakes(tree, wrapped, len(OPEN))
    only_expression(tree.root_node, wrapped)
    page = _Page(wrapped)
    gone = 0  # up to where all is blanked
    for node in walk(tree):
        _refuse_joined_lines(node, wrapped)
        if node.start_byte < gone and node.end_byte <= gone:
            continue
        if node.type in _REFUSED and node.is_named:
            raise fault_at(wrapped, node, len(OPEN), _REFUSED[node.type])
        for start, end, first in _blanks(node, wrapped):
            page.blank(start, end, first)
            if (start, end) == (node.start_byte, node.end_byte):
                gone = end
    stripped = page.text[len(OPEN) : -len(CLOSE)].rstrip()
    check_expression(stripped)
    return stripped


def _blanks(node: Node, source: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, what takes its first place), of what goes of this very node."""
    kind = node.type
    if kind in _GONE or (kind == "public_field_definition" and _child(node, "declare") is not None):
        yield node.start_byte, node.end_byte, b";"
    elif kind in _BLANK:
        _refuse_broken_arrow(node, source)
        yield node.start_byte, node.end_byte, _end_of(node)
    elif kind in ("as_expression", "satisfies_expression"):
        inner = node.children[0]
        ends = _end_of(node) == b";" or _LINE_OPENS.match(source, node.end_byte) is not None
        yield inner.end_byte, node.end_byte, b";" if ends else b" "
    elif kind in _PARAMETERS:
        yield from _parameter(node, source)
    for child in node.children if kind in _MARKS else ():
        if child.type in _MARKS[kind]:
            yield child.start_byte, child.end_byte, _end_of(child)


def _parameter(node: Node, source: bytes) -> Iterator[tuple[int, int, bytes]]:
    for child in node.children:
        if child.type in _PROPERTIES:
            raise fault_at(source, child, len(OPEN), f"a parameter property {_ADVICE}")
        if child.type == "?":
            yield child.start_byte, child.end_byte, b" "
    pattern = node.child_by_field_name("pattern")
    if pattern is not None and pattern.type == "this":
        after = node.next_sibling
        end = after.end_byte if after is not None and after.type == "," else node.end_byte
        yield node.start_byte, end, b" "


def _refuse_broken_arrow(node: Node, source: bytes) -> None:
    """`=>` must stand on the line on which the parameters end, also when the type between them is gone."""
    arrow = node.parent
    if node.type not in _ANNOTATIONS or arrow is None or arrow.type != "arrow_function":
        return
    before, after = node.prev_sibling, _child(arrow, "=>")
    if before is not None and after is not None and b"\n" in source[before.end_byte : after.start_byte]:
        reason = "the return type of an arrow function must stand on one line with =>"
        raise fault_at(source, node, len(OPEN), reason)


def _refuse_joined_lines(node: Node, source: bytes) -> None:
    """TypeScript ends a statement where a type would go on in the next line; the grammar goes on."""
    mark = _JOINED.get(node.type)
    after = None if mark is None else _child(node, mark)
    before = None if after is None else after.prev_sibling
    if before is not None and after is not None and b"\n" in source[before.end_byte : after.start_byte]:
        raise fault_at(source, after, len(OPEN), "the line before must end with a semicolon")


def _end_of(node: Node) -> bytes:
    """A semicolon where a statement ended with what goes: the next line would be taken as part of it."""
    ancestor = node.parent
    while ancestor is not None and ancestor.end_byte == node.end_byte:
        if ancestor.type in _STATEMENTS:
            return b";"
        ancestor = ancestor.parent
    return b" "


def _child(node: Node, kind: str) -> Node | None:
    return next((child for child in node.children if child.type == kind), None)


__all__ = ["WorkFunctionInvalid", "strip_types"]

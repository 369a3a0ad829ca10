"""JavaScript work functions: one expression that is a function (contract 4.2)."""

from typing import Final

from tree_sitter import Language, Node

from services.compute.dialects.dcp.work.faults import NO_HANDLER, WorkFunctionInvalid
from services.compute.dialects.dcp.work.trees import (
    JAVASCRIPT,
    Patience,
    fault_at,
    parse,
    refuse_mistakes,
    walk,
)

OPEN, CLOSE = b"(", b"\n)"
_TAIL: Final = frozenset({"comment", ";", "empty_statement", "html_comment"})
_NO_FUNCTION: Final = frozenset(
    {"number", "string", "template_string", "true", "false", "null", "undefined", "object", "array", "regex"}
)


def check_javascript(text: str) -> str:
    """The source as it can stand in parentheses. Raises WorkFunctionInvalid."""
    source = without_tail(text, JAVASCRIPT)
    check_expression(source)
    return source


def without_tail(text: str, language: Language) -> str:
    """Without semicolons, blanks and comments at its end: parentheses cannot be put around those. Raises
    WorkFunctionInvalid.
    """
    source = text.encode()
    leaf: Node | None = parse(source, language).root_node
    while leaf is not None and leaf.child_count:
        leaf = leaf.child(leaf.child_count - 1)
    end, patience = len(source), Patience()
    while leaf is not None and leaf.parent is not None and _is_tail(leaf):
        patience.check()
        end = leaf.start_byte
        leaf = _before(leaf)
    return source[:end].decode().rstrip()


def check_expression(source: str) -> None:
    """Raises WorkFunctionInvalid."""
    if not source.strip():
        raise WorkFunctionInvalid("it is empty", 1, 1, NO_HANDLER)
    wrapped = OPEN + source.encode() + CLOSE
    tree = parse(wrapped, JAVASCRIPT)
    refuse_mistakes(tree, wrapped, len(OPEN))
    for node in walk(tree):
        if node.type.startswith("jsx_"):
            raise fault_at(wrapped, node, len(OPEN), "JSX is not supported")
    expression = only_expression(tree.root_node, wrapped)
    if expression.type in _NO_FUNCTION:
        shown = expression.type.replace("_", " ")
        raise WorkFunctionInvalid(f"it must be a function, and is this: {shown}", 1, 1, NO_HANDLER)


def only_expression(root: Node, wrapped: bytes) -> Node:
    """What stands in our parentheses. Raises WorkFunctionInvalid when they are not around all of it."""
    found = [node for node in root.named_children if node.type != "comment"]
    whole = found[0].named_children if len(found) == 1 and found[0].type == "expression_statement" else []
    if not whole or whole[0].type != "parenthesized_expression" or whole[0].end_byte != len(wrapped):
        raise WorkFunctionInvalid("it must be one expression, which is a function", 1, 1)
    node = whole[0]
    while node.type == "parenthesized_expression":
        inner = [each for each in node.named_children if each.type != "comment"]
        if len(inner) != 1:
            raise WorkFunctionInvalid("it must be one expression, which is a function", 1, 1)
        node = inner[0]
    return node


def _is_tail(leaf: Node) -> bool:
    """What stands at the top: not the last statement's semicolon inside of a function."""
    kind = leaf.type if leaf.parent is None or leaf.parent.type != "comment" else "comment"
    if kind not in _TAIL and leaf.end_byte > leaf.start_byte:
        return False
    ancestor = leaf.parent
    while ancestor is not None and ancestor.type in ("expression_statement", "ERROR", "empty_statement"):
        ancestor = ancestor.parent
    return ancestor is None or ancestor.type == "program"


def _before(leaf: Node) -> Node | None:
    """The leaf before it."""
    node: Node | None = leaf
    while node is not None and node.prev_sibling is None:
        node = node.parent
    node = None if node is None else node.prev_sibling
    while node is not None and node.child_count:
        node = node.child(node.child_count - 1)
    return node

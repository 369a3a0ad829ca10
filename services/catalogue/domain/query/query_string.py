"""The query_string language: words, "phrases", fields, boosts, wildcards, + - ! AND OR NOT and brackets.

Fuzzy terms, regular expressions and ranges are refused by name. A dangling AND or OR is ignored, because
people type them; unbalanced quotes and brackets are not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.catalogue.domain.query.build import (
    MAX_DEPTH,
    Budget,
    Fields,
    any_of,
    boosted,
    pattern,
    phrase,
    text_query,
)
from services.catalogue.domain.query.errors import UnsupportedQuery, shown
from services.catalogue.domain.query.minimum import minimum_of
from services.catalogue.domain.query.nodes import Bool, MatchNone, Node

MAX_TEXT = 4096

_STOPS = frozenset('():^[]{}~"')
_DID = re.compile(r"did:op:[0-9A-Fa-f]{64}")
_BOOST = re.compile(r"\^(\d{1,6}(?:\.\d{1,6})?)")
_SLOP = re.compile(r"~(\d{1,3})")
_CONJUNCTIONS = {"AND": "AND", "&&": "AND", "OR": "OR", "||": "OR"}


@dataclass(frozen=True, slots=True)
class Options:
    fields: Fields
    all_required: bool  # default_operator AND
    slop: int = 0
    phrases: bool = False  # type: phrase


@dataclass(slots=True)
class _Clauses:
    """Clauses with the occurrence that the classic parser gives them."""

    all_required: bool
    found: list[tuple[str, Node]] = field(default_factory=list)  # must | should | not, node

    def add(self, conjunction: str, modifier: str, node: Node | None) -> None:
        if self.found and self.found[-1][0] != "not":
            if conjunction == "AND":
                self.found[-1] = ("must", self.found[-1][1])
            elif conjunction == "OR" and self.all_required:
                self.found[-1] = ("should", self.found[-1][1])
        if node is None:
            return
        if modifier == "not":
            occur = "not"
        elif self.all_required:
            occur = "should" if conjunction == "OR" and modifier != "must" else "must"
        else:
            occur = "must" if modifier == "must" or conjunction == "AND" else "should"
        self.found.append((occur, node))

    def node(self, minimum: object | None) -> Node:
        must = tuple(node for occur, node in self.found if occur == "must")
        should = tuple(node for occur, node in self.found if occur == "should")
        must_not = tuple(node for occur, node in self.found if occur == "not")
        if not self.found:
            return MatchNone()
        least = 0 if must or must_not or not should else 1
        if minimum is not None:
            least = max(least, minimum_of(minimum, len(should)))
        if len(self.found) == 1 and not must_not:
            return (must or should)[0]
        return Bool(must=must, should=should, must_not=must_not, minimum=least)


def parse_query_string(text: str, options: Options, minimum: object | None, budget: Budget) -> Node:
    """Raises UnsupportedQuery."""
    if len(text) > MAX_TEXT:
        raise UnsupportedQuery(f"query_string takes at most {MAX_TEXT} characters.")
    parser = _Parser(text, budget)
    node = parser.clauses(options, minimum, depth=0)
    if parser.place < len(text):
        raise UnsupportedQuery("query_string has a closing bracket too many.")
    return node


class _Parser:
    def __init__(self, text: str, budget: Budget) -> None:
        self.text = text
        self.place = 0
        self.budget = budget

    def clauses(self, options: Options, minimum: object | None, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise UnsupportedQuery("query_string is nested too deeply.")
        clauses = _Clauses(options.all_required)
        while True:
            conjunction = self._conjunction()
            modifier = self._modifier()
            if self._at_end() or self.text[self.place] == ")":
                return clauses.node(minimum)
            clauses.add(conjunction, modifier, self._clause(options, depth))

    def _at_end(self) -> bool:
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1
        return self.place >= len(self.text)

    def _word_operator(self, names: tuple[str, ...]) -> str | None:
        if self._at_end():
            return None
        for name in names:
            if not self.text.startswith(name, self.place):
                continue
            after = self.text[self.place + len(name) : self.place + len(name) + 1]
            if not name.isalpha() or not after or after.isspace() or after in '()"':
                self.place += len(name)
                return name
        return None

    def _conjunction(self) -> str:
        conjunction = ""
        while (found := self._word_operator(("AND", "&&", "OR", "||"))) is not None:
            conjunction = _CONJUNCTIONS[found]
        return conjunction

    def _modifier(self) -> str:
        modifier = ""
        while (found := self._word_operator(("NOT", "+", "-", "!"))) is not None:
            modifier = "must" if found == "+" else "not"
        return modifier

    def _clause(self, options: Options, depth: int) -> Node | None:
        head = self.text[self.place]
        if head == "(":
            return self._group(options, depth)
        if head == '"':
            return self._quoted(options)
        if head in "[{":
            raise UnsupportedQuery("query_string offers no ranges; use a range query.")
        if head == "/":
            raise UnsupportedQuery("query_string offers no regular expressions.")
        if head in _STOPS:
            raise UnsupportedQuery(f"query_string has an unexpected {head}; escape it with a backslash.")
        did = _DID.match(self.text, self.place)
        parts: list[str | None] = [did[0]] if did else self._term()
        if did:
            self.place = did.end()
        elif self.place < len(self.text) and self.text[self.place] == ":":
            return self._field(parts, options, depth)
        return self._boosted(self._term_node(parts, options))

    def _group(self, options: Options, depth: int) -> Node:
        self.place += 1
        node = self.clauses(options, None, depth + 1)
        if self.place >= len(self.text):
            raise UnsupportedQuery("query_string has an opening bracket too many.")
        self.place += 1
        return self._boosted(node) or node

    def _field(self, parts: list[str | None], options: Options, depth: int) -> Node | None:
        self.place += 1
        name = parts[0]
        if len(parts) != 1 or not name:
            raise UnsupportedQuery("query_string offers no wildcards in field names.")
        if self._at_end() or self.text[self.place] == ")":
            raise UnsupportedQuery(f"query_string names the field {shown(name)} without a value.")
        inner = replace(options, fields=((name, 1.0),))
        return self._clause(inner, depth)

    def _quoted(self, options: Options) -> Node | None:
        self.place += 1
        characters: list[str] = []
        while self.place < len(self.text):
            character = self.text[self.place]
            self.place += 1
            if character == '"':
                break
            if character == "\\" and self.place < len(self.text):
                character = self.text[self.place]
                self.place += 1
            characters.append(character)
        else:
            raise UnsupportedQuery("query_string has an opening quote too many.")
        slop = options.slop
        if found := _SLOP.match(self.text, self.place):
            slop = int(found[1])
            self.place = found.end()
        text = "".join(characters)
        return self._boosted(phrase(options.fields, text, slop, self.budget) if text.strip() else None)

    def _term(self) -> list[str | None]:
        """Literal text, with None for `*` and an empty text for `?`."""
        parts: list[str | None] = []
        literal: list[str] = []
        while self.place < len(self.text):
            character = self.text[self.place]
            if character.isspace() or character in _STOPS:
                break
            self.place += 1
            if character in "*?":
                if literal:
                    parts.append("".join(literal))
                    literal = []
                if character == "?" or not parts or parts[-1] is not None:
                    parts.append(None if character == "*" else "")
                continue
            if character == "\\" and self.place < len(self.text):
                character = self.text[self.place]
                self.place += 1
            literal.append(character)
        if literal:
            parts.append("".join(literal))
        return parts

    def _term_node(self, parts: list[str | None], options: Options) -> Node | None:
        if len(parts) != 1 or not parts[0]:
            return pattern(options.fields, parts, self.budget)
        text = parts[0]
        if options.phrases:
            return phrase(options.fields, text, options.slop, self.budget)
        nodes = text_query(options.fields, text, self.budget)
        if not nodes:
            return None
        if options.all_required and len(nodes) > 1:
            return Bool(must=tuple(nodes))
        return any_of(nodes)

    def _boosted(self, node: Node | None) -> Node | None:
        if self.place < len(self.text) and self.text[self.place] == "~":
            raise UnsupportedQuery("query_string offers no fuzzy terms.")
        if found := _BOOST.match(self.text, self.place):
            self.place = found.end()
            return boosted(node, float(found[1])) if node is not None else None
        return node


def fields_of(spec: Mapping[str, Any]) -> Fields:
    """`fields` with their `^boost`, else `default_field`; empty means every field."""
    names = spec.get("fields")
    if names is None:
        default = spec.get("default_field")
        names = [] if default is None else [default]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(names) > 64:
        raise UnsupportedQuery("fields must be a list of at most 64 names.")
    parsed = [_field_of(name) for name in names]
    if any(path in ("*", "_all") for path, _ in parsed):
        return ()
    return tuple(parsed)


def _field_of(name: str) -> tuple[str, float]:
    path, _, boost = name.partition("^")
    if not path or ("*" in path and path != "*"):
        raise UnsupportedQuery(f"The field {shown(name)} cannot be searched: name fields in full.")
    try:
        return path, min(max(float(boost), 0.0), 1e6) if boost else 1.0
    except ValueError:
        raise UnsupportedQuery(f"The boost of field {shown(name)} is not a number.") from None

"""Reads JDL: `name = value;` with or without `[ ]` around all of it.

A value is `"text"`, `{ a list }`, `[ a nested description ]`, or whatever else stands before the separator.
`#` and `//` begin comments where a name or a value may stand. In quotes nothing but `\"` and `\\` is special.
Every character is looked at once; depth and size are bounded.
"""

import re
from typing import Final, NoReturn

from libs.web.params import BadParams
from libs.web.strict_json import Json, NumberText, check_text
from services.compute.dialects.dirac.limits import MAX_DEPTH, MAX_MANIFEST
from services.compute.dialects.dirac.manifest.problems import BadManifest, quoted
from services.compute.dialects.dirac.manifest.reading import JDL, TOO_LONG, Sent

MAX_NAME: Final = 256
# Each alternative is decided by its first character, and nothing is tried again: linear in hostile text.
_SPACE = re.compile(r"(?:\s+|#[^\n]*|//[^\n]*)*")
_NAME = re.compile(r"[^\s=;,{}\[\]\"'#]+")
_QUOTED_NAME = re.compile(r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_TEXT = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_BARE = re.compile(r'(?:"(?:[^"\\]++|\\.)*+"|[^";{}\[\]\n]++)++', re.DOTALL)
_BARE_IN_LIST = re.compile(r'(?:"(?:[^"\\]++|\\.)*+"|[^";,{}\[\]\n]++)++', re.DOTALL)
_ESCAPE = re.compile(r"\\([\"'\\])")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,300})(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")


def read_jdl(text: str, path: str = "") -> Sent:
    """Raises BadManifest with line and column."""
    if len(text) > MAX_MANIFEST:
        raise BadManifest([(path, TOO_LONG)])
    try:
        check_text(text, "manifest")
    except BadParams as error:
        raise BadManifest([(path, error.message)]) from None
    return Sent(_Reader(text, path).whole(), text, JDL, path)


class _Reader:
    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._at = 0

    def whole(self) -> dict[str, Json]:
        self._skip()
        if self._peek() == "[":
            self._at += 1
            found = self._assignments("]", 1)
            self._skip()
            while self._peek() == ";":
                self._at += 1
                self._skip()
        else:
            found = self._assignments("", 1)
        if self._at < len(self._text):
            self._refuse("The description ends here; something follows it.")
        return found

    def _assignments(self, end: str, depth: int) -> dict[str, Json]:
        """Up to `end`, which is taken too; empty for the end of the text."""
        found: dict[str, Json] = {}
        while True:
            self._skip()
            here = self._peek()
            if here == end:
                self._at += len(end)
                return found
            if here == ";":
                self._at += 1
                continue
            if not here:
                self._refuse(f"The closing `{end}` is missing.")
            start, name = self._at, self._name()
            value = self._value(depth, in_list=False)
            if name in found:
                self._refuse(f"{quoted(name)} is given twice.", start)
            found[name] = value
            self._skip()
            if self._peek() not in (";", end):
                self._refuse("A `;` is expected here.")

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at) or _QUOTED_NAME.match(self._text, self._at)
        if found is None:
            self._refuse("The name of an attribute is expected here.")
        start, self._at = self._at, found.end()
        name = _ESCAPE.sub(r"\1", found[1]) if found.re is _QUOTED_NAME else found[0]
        if len(name) > MAX_NAME:
            self._refuse(f"A name has {MAX_NAME} characters at most.", start)
        self._skip()
        if self._peek() != "=":
            self._refuse("A `=` is expected here.")
        self._at += 1
        return name

    def _value(self, depth: int, *, in_list: bool) -> Json:
        self._skip()
        here = self._peek()
        if here in ("{", "["):
            if depth >= MAX_DEPTH:
                self._refuse(f"It is nested more than {MAX_DEPTH} deep.")
            self._at += 1
            return self._list(depth + 1) if here == "{" else self._assignments("]", depth + 1)
        if here == '"' and (found := _TEXT.match(self._text, self._at)):
            before, self._at = self._at, found.end()
            self._skip()
            if self._peek() in (";", ",", "}", "]", ""):
                return _ESCAPE.sub(r"\1", found[1])
            self._at = before
        elif here == '"':
            self._refuse("The text that begins here has no closing quote.")
        return self._bare(in_list)

    def _list(self, depth: int) -> list[Json]:
        found: list[Json] = []
        while True:
            self._skip()
            if self._peek() == "}":
                self._at += 1
                return found
            found.append(self._value(depth, in_list=True))
            self._skip()
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != "}":
                self._refuse("A `,` or a `}` is expected here.")

    def _bare(self, in_list: bool) -> Json:
        """A word, a number, or an expression, which is kept as it is."""
        found = (_BARE_IN_LIST if in_list else _BARE).match(self._text, self._at)
        text = "" if found is None else found[0].strip()
        if found is not None:
            self._at = found.end()
        elif in_list:
            self._refuse("A value is expected here.")
        return NumberText(text) if _NUMBER.fullmatch(text) else text

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = self._at if found is None else found.end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _refuse(self, what: str, at: int | None = None) -> NoReturn:
        at = self._at if at is None else at
        line = self._text.count("\n", 0, at) + 1
        column = at - self._text.rfind("\n", 0, at)
        raise BadManifest([(self._path, f"The JDL cannot be read: line {line}, column {column}. {what}")])

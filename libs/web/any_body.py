"""Bodies of clients that label them wrongly: the encoding is decided by looking (OpenPAI contract 2.1).

JSON (with comments and trailing commas when it is not strict), URL-encoded forms with brackets in names, and
multipart forms all become one mapping. The query is never read: passwords would end in logs.
"""

import json
import re
from typing import Any, Final

from flask import Request
from werkzeug.exceptions import HTTPException

from libs.web.params import BadParams, TooLarge, parse_pair_list, read_body
from libs.web.strict_json import Json, parse_json

MAX_FIELDS: Final = 10_000
MAX_NAME_DEPTH: Final = 6
MULTIPART: Final = "multipart/form-data"
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"[0-9]{0,6}")
# Each alternative is decided by its first two characters and never looks back: linear in hostile text.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*|,|[}\]]|[^"/,}\]\s]+|\s+|.', re.DOTALL)
NEITHER = "The body is neither JSON nor form encoded."
EATEN = "The body has comments and no line breaks: curl's -d removes those, send the file with --data-binary."


def read_any_body(request: Request, most_bytes: int) -> dict[str, Json]:
    """Members by name; none for an empty body. Raises BadParams, TooLarge."""
    if request.mimetype == MULTIPART:
        return _multipart(request, most_bytes)
    return decode_body(read_body(request, most_bytes))


def decode_body(body: bytes) -> dict[str, Json]:
    """The same of bytes. Raises BadParams with what is wrong and where."""
    text = _text(body).strip(" \t\r\n")
    if not text:
        return {}
    if text[0] in "{[":
        return _object(text)
    if "=" in text:
        return _nested(parse_pair_list(text.encode(), "body", MAX_FIELDS))
    raise BadParams("body", NEITHER)


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadParams("body", "The body is not valid UTF-8.") from None
    if "\0" in text:
        raise BadParams("body", "The body must not contain NUL.")
    return text


def _object(text: str) -> dict[str, Json]:
    try:
        value = parse_json(text)
    except BadParams as error:
        value = _loose(text, error)
    if not isinstance(value, dict):
        raise BadParams("body", "The body must be a JSON object.")
    return value


def _loose(text: str, strict: BadParams) -> Json:
    """Examples that people copy carry comments and trailing commas."""
    bare, has_comments = _bare(text)
    try:
        return parse_json(bare)
    except BadParams:
        if has_comments and "\n" not in text:
            raise BadParams("body", EATEN) from None
        raise BadParams(strict.field, f"{strict.message} {_where(text)}".strip()) from None


def _bare(text: str) -> tuple[str, bool]:
    """`text` without comments and trailing commas, and whether it had comments."""
    kept: list[str] = []
    has_comments, at, comma = False, 0, -1
    while at < len(text):
        found = _PIECE.match(text, at)
        piece = found[0] if found is not None else text[at]
        at += len(piece)
        if piece.startswith(("//", "/*")):
            has_comments = True
            if piece == "/*":
                end = text.find("*/", at)
                at = len(text) if end < 0 else end + 2
            continue
        if piece in ("}", "]") and comma >= 0:
            kept[comma] = " "
        if not piece.isspace():
            comma = len(kept) if piece == "," else -1
        kept.append(piece)
    return "".join(kept), has_comments


def _where(text: str) -> str:
    """Line and column of the first mistake in the syntax; empty when the syntax is not the matter."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return f"Line {error.lineno}, column {error.colno}."
    except (ValueError, RecursionError):
        return ""
    return ""


def _multipart(request: Request, most_bytes: int) -> dict[str, Json]:
    request.max_content_length = most_bytes
    request.max_form_memory_size = most_bytes
    request.max_form_parts = MAX_FIELDS
    try:
        pairs = [(name, value) for name, values in request.form.lists() for value in values]
        pairs += [
            (name, _text(file.read(most_bytes))) for name, files in request.files.lists() for file in files
        ]
    except HTTPException as error:
        if error.code == 413:
            raise TooLarge("body", f"The body is larger than {most_bytes} bytes.") from None
        raise BadParams("body", "The body is not a multipart form.") from None
    for name, value in pairs:
        if "\0" in name + value:
            raise BadParams("body", "The body must not contain NUL.")
    return _nested(pairs)


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Json]:
    """`a[0][b]=1` as `{"a": [{"b": "1"}]}`; of a plain name given twice the last counts."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        found = _NAME.fullmatch(name)
        parts = [name] if found is None else [found[1], *_PART.findall(found[2])]
        if len(parts) > MAX_NAME_DEPTH:
            raise BadParams("body", "A name in the form is nested too deeply.")
        _put(tree, parts, value)
    return {name: _listed(value) for name, value in tree.items()}


def _put(tree: dict[str, Any], parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        inner = tree.setdefault(part or str(len(tree)), {})
        if not isinstance(inner, dict):
            raise BadParams("body", "A name in the form stands for a value and for a group of values.")
        tree = inner
    last = parts[-1] or str(len(tree))
    if isinstance(tree.get(last), dict):
        raise BadParams("body", "A name in the form stands for a value and for a group of values.")
    tree[last] = value


def _listed(value: Any) -> Json:
    """Groups whose names are all numbers are lists, in the order of the numbers; gaps close."""
    if not isinstance(value, dict):
        return str(value)
    inner = {name: _listed(member) for name, member in value.items()}
    if all(_INDEX.fullmatch(name) for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner

"""What callers send besides paths: who they are, parameters, conditions, JSON bodies (contract 0.2, 3.2)."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from flask import Request, g, request

from libs.web.dirac_window import PARAMETER
from libs.web.params import FORM, BadParams, TooLarge, parse_pair_list, read_body
from libs.web.principal import Principal
from libs.web.settings import FALSE, TRUE
from libs.web.strict_json import parse_json, plain
from services.catalogue.domain.files.entries import Actor
from services.catalogue.domain.files.errors import NotPermitted

MAX_BODY: Final = 1 << 20
MAX_BULK_BODY: Final = 16 << 20
MAX_FORM: Final = 64 << 10
MAX_PAIRS: Final = 200
MANAGEMENT: Final = "FileCatalogManagement"
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_MULTIPART: Final = "multipart/form-data"
_NO_VO: Final = (
    "This credential stands for no virtual organisation: ask for a token for one of your groups "
    "(/oauth2/token with `group`)."
)


class Query:
    """The parameters of this request, from its query and its form alike. All raise BadParams.

    `has_conditions`: what has a `|` in its value is one, and no option, whatever its name (contract 3.2).
    """

    def __init__(self, *, has_conditions: bool = False) -> None:
        self._pairs = _sent_pairs()
        self._options = [pair for pair in self._pairs if not has_conditions or "|" not in pair[1]]

    def text(self, name: str) -> str | None:
        """The last of that name."""
        return next((value for key, value in reversed(self._options) if key == name), None)

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self._options if key == name]

    def flag(self, *names: str) -> bool:
        """The first of `names` that is there: `verbose` may be called `extra`, as upstream does."""
        for name in names:
            text = self.text(name)
            if text is not None:
                return _flag(name, text)
        return False

    def number(self, name: str, otherwise: int, *, least: int = 0, most: int) -> int:
        text = self.text(name)
        if text is None or text == "":
            return otherwise
        if _WHOLE.fullmatch(text) is None or not least <= int(text) <= most:
            raise BadParams(name, f"{name} must be a whole number from {least} to {most}.")
        return int(text)

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of `allowed`; the first when it is not there."""
        text = self.text(name)
        if text is not None and text not in allowed:
            raise BadParams(name, f"{name} must be one of {', '.join(allowed)}.")
        return text or allowed[0]

    def words(self, name: str) -> list[str]:
        """Of comma lists, given once or more."""
        return [word.strip() for text in self.texts(name) for word in text.split(",") if word.strip()]

    def conditions(self) -> list[tuple[str, str]]:
        return [(key, value) for key, value in self._pairs if "|" in value and key != PARAMETER]

    def again(self, **changes: str) -> str:
        """This request's query with other values; never with a token in it."""
        replaced = [pair for pair in self._options if pair[0] in changes or pair[0] == PARAMETER]
        kept = [pair for pair in self._pairs if pair not in replaced]
        return urlencode([*kept, *changes.items()])


def _sent_pairs() -> list[tuple[str, str]]:
    pairs = parse_pair_list(request.query_string, "query", MAX_PAIRS)
    if request.method in ("GET", "HEAD"):
        return pairs
    if request.mimetype == FORM:
        pairs += parse_pair_list(read_body(request, MAX_BODY), "body", MAX_PAIRS)
    elif request.mimetype == _MULTIPART:
        pairs += list(request.form.items(multi=True))[:MAX_PAIRS]
    return pairs


def actor() -> Actor:
    """Raises NotPermitted: without a virtual organisation there is no tree to see."""
    principal: Principal = g.principal
    group = principal.group or next(iter(principal.groups), None)
    if principal.vo is None or group is None:
        raise NotPermitted(_NO_VO)
    return Actor(
        name=principal.name,
        group=group,
        groups=(principal.group,) if principal.group else principal.groups,
        vo=principal.vo,
        is_manager=MANAGEMENT in principal.properties,
    )


def settle_body(asked: Request, most_bytes: int) -> None:
    """Read the body before the gate looks for a token in its form. Raises BadParams, TooLarge.

    curl's `-d` calls JSON a form: it is none, and must not be used up as one. Forms are small: whoever has no
    token is not to have a long one taken apart.
    """
    body = read_body(asked, most_bytes)
    if not asked.environ.get("CONTENT_TYPE", "").lower().startswith(FORM):
        return
    if body.lstrip()[:1] in (b"{", b"["):
        asked.environ["CONTENT_TYPE"] = "application/json"
    elif len(body) > MAX_FORM:
        raise TooLarge("body", f"A form has {MAX_FORM} bytes at most: send JSON.")


def sent_object() -> dict[str, object]:
    """The members of a JSON body, or of a form; none without a body. Raises BadParams."""
    if request.mimetype in (FORM, _MULTIPART):
        return {key: value for key, value in request.form.items() if key != PARAMETER}
    body = read_body(request, MAX_BULK_BODY)  # its own limit was looked at before
    if not body.strip():
        return {}
    value = plain(parse_json(body))
    if not isinstance(value, dict):
        raise BadParams("body", "The body must be a JSON object.")
    return value


def _flag(name: str, text: str) -> bool:
    word = text.lower()
    if word == "" or word in TRUE:
        return True
    if word in FALSE:
        return False
    raise BadParams(name, f"{name} must be true or false.")

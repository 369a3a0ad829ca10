"""What callers send besides documents: query parameters, positions, idempotency keys."""

import re
from enum import StrEnum
from typing import Final, TypeVar

from flask import g, request

from libs.web.idempotency import BadIdempotencyKey, sent_key
from libs.web.json_bodies import read_json_object
from libs.web.params import BadParams, Params
from libs.web.principal import Principal
from libs.web.strict_json import Json
from services.compute.dialects.native.problems import BadKey, ForAdministrators
from services.compute.domain.states import State
from services.compute.domain.workflow import WorkflowState
from services.compute.ports.store import Filter, Key
from services.compute.ports.workflows import WorkflowFilter
from services.compute.usecases.viewers import Viewer, viewer_of

MAX_BODY: Final = 8 * 1024 * 1024
MOST_LISTED: Final = 200
USUALLY_LISTED: Final = 50
BAD_CURSOR: Final = "The cursor is none of this list's."
MOST_WAIT_SECONDS: Final = 30.0
EVENT_STREAM: Final = "text/event-stream"
LARGEST: Final = 10**18
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")


class Query:
    """The query, whose parameters must be among `known`. All raise BadParams."""

    def __init__(self, *known: str) -> None:
        self._sent = Params.of_query(request)
        unknown = sorted(name for name in self._sent if name not in known)
        if unknown:
            listed = ", ".join(known) or "none"
            raise BadParams(unknown[0][:64], f"There is no such parameter here. Known: {listed}.")

    def text(self, name: str) -> str | None:
        return self._sent.text(name)

    def number(self, name: str, least: int = 0, most: int = LARGEST) -> int | None:
        text = self._sent.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
            raise BadParams(name, f"The {name} parameter must be a whole number from {least} to {most}.")
        return int(text)

    def seconds(self, name: str) -> float | None:
        text = self._sent.text(name)
        if text is None:
            return None
        if _SECONDS.fullmatch(text) is None:
            raise BadParams(name, f"The {name} parameter must be a number of seconds.")
        return float(text)

    def flag(self, name: str) -> bool:
        text = self._sent.text(name)
        if text not in (None, "true", "false"):
            raise BadParams(name, f"The {name} parameter must be true or false.")
        return text == "true"

    def words(self, name: str) -> tuple[str, ...]:
        """Separated by commas."""
        return tuple(part for part in (self._sent.text(name) or "").split(",") if part)

    def wait(self) -> float:
        """How long a caller waits for news: 0 for not at all."""
        return min(self.seconds("wait") or 0.0, MOST_WAIT_SECONDS)


FILTERS: Final = ("state", "dialect", "name", "label", "since", "until", "deleted")
WORKFLOW_FILTERS: Final = ("state", "dialect", "name", "label")
Word = TypeVar("Word", bound=StrEnum)


def filter_of(query: Query) -> Filter:
    return Filter(
        owners=None,
        dialects=query.words("dialect"),
        states=tuple(_of(State, word) for word in query.words("state")),
        name=query.text("name"),
        labels=dict(_label(word) for word in query.words("label")),
        submitted_after=query.seconds("since"),
        submitted_before=query.seconds("until"),
        deleted=query.flag("deleted"),
    )


def caller() -> Principal:
    principal: Principal = g.principal
    return principal


def viewer() -> Viewer:
    return viewer_of(caller())


def wide_viewer(query: Query) -> Viewer:
    """Everybody's with `all=true`. Raises ForAdministrators."""
    if not query.flag("all"):
        return viewer()
    found = viewer_of(caller(), everybody=True)
    if found.owners is not None:
        raise ForAdministrators
    return found


def sent_document() -> dict[str, Json]:
    """Raises BadParams, TooLarge."""
    return read_json_object(request, MAX_BODY)


def idempotency_key(dialect: str) -> Key | None:
    """Raises BadKey."""
    try:
        sent = sent_key(request, MAX_BODY)
    except BadIdempotencyKey:
        raise BadKey from None
    if sent is None:
        return None
    return Key(owner=caller().subject, dialect=dialect, key=sent.key, fingerprint=sent.fingerprint)


def wants_events() -> bool:
    return EVENT_STREAM in request.headers.get("Accept", "").lower()


def last_event_id() -> int | None:
    """Where a stream that broke goes on; what is no number was not ours and counts as nothing."""
    sent = request.headers.get("Last-Event-ID", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) <= 18 else None


def workflow_filter_of(query: Query) -> WorkflowFilter:
    return WorkflowFilter(
        owners=None,
        dialects=query.words("dialect"),
        states=tuple(_of(WorkflowState, word) for word in query.words("state")),
        name=query.text("name"),
        labels=dict(_label(word) for word in query.words("label")),
    )


def _of(kind: type[Word], word: str) -> Word:
    try:
        return kind(word)
    except ValueError:
        known = ", ".join(kind)
        raise BadParams("state", f"There is no such state. Known: {known}.") from None


def _label(word: str) -> tuple[str, str]:
    name, separator, value = word.partition("=")
    if not separator:
        raise BadParams("label", "A label is asked for as name=value.")
    return name, value

"""What callers send besides documents: who they are, query parameters, bodies, keys."""

import re
from typing import Final

from flask import g, request

from libs.web.idempotency import HEADER, BadIdempotencyKey, sent_key
from libs.web.json_bodies import read_json
from libs.web.params import BadParams, parse_pair_list
from libs.web.principal import Principal
from libs.web.strict_json import Json
from services.compute.dialects.dcp.job_ids import uid_of
from services.compute.dialects.dcp.parts import DcpParts
from services.compute.dialects.dcp.ranges import read_ranges
from services.compute.domain.errors import JobNotFound
from services.compute.domain.job import Job
from services.compute.domain.slices import Span
from services.compute.ports.store import Key
from services.compute.usecases.viewers import Viewer, viewer_of

DIALECT: Final = "dcp"
READ, WRITE, ACCOUNTS = "job:read", "job:write", "accounts:read"
MAX_DEPTH: Final = 64
LARGEST: Final = 10**15
_MAX_PAIRS: Final = 1000
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")


class Query:
    """The query; a name may come several times, and unknown ones are passed over. All raise BadParams."""

    def __init__(self) -> None:
        self._pairs = parse_pair_list(request.query_string, "query", _MAX_PAIRS)

    def text(self, name: str) -> str | None:
        return next((value for key, value in self._pairs if key == name), None)

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def number(self, name: str, least: int = 0, most: int = LARGEST) -> int | None:
        text = self.text(name)
        if text is None or not text.strip():
            return None
        if _NUMBER.fullmatch(text.strip()) is None or not least <= int(text) <= most:
            raise BadParams(name, f"must be a whole number from {least} to {most}")
        return int(text)

    def seconds(self, name: str, usual: float, most: float) -> float:
        text = self.text(name)
        if text is None or not text.strip():
            return usual
        if _SECONDS.fullmatch(text.strip()) is None:
            raise BadParams(name, "must be a number of seconds")
        return min(float(text), most)

    def spans(self) -> tuple[Span, ...]:
        """Raises InvalidRange."""
        return read_ranges(self.texts("range"))


def caller() -> Principal:
    principal: Principal = g.principal
    return principal


def viewer() -> Viewer:
    return viewer_of(caller())


def found(parts: DcpParts, ref: str) -> Job:
    """Of the caller, whichever window it came through, and not deleted. Raises BadJobId, JobNotFound."""
    job = parts.jobs.find(uid_of(ref), viewer())
    if job.deleted_at is not None:
        raise JobNotFound(ref[:64])
    return job


def sent_json(parts: DcpParts) -> Json:
    """The body, whatever its content type; None when there is none. The limit counts before and after it is
    unzipped: many small values take fifty times their text in memory. Raises BadParams.
    """
    return read_json(request, parts.settings.body_bytes, max_depth=MAX_DEPTH)


def idempotency_key(parts: DcpParts) -> Key | None:
    """Raises BadParams."""
    try:
        sent = sent_key(request, parts.settings.body_bytes)
    except BadIdempotencyKey:
        raise BadParams(HEADER, "has 1 to 255 visible ASCII characters") from None
    if sent is None:
        return None
    return Key(owner=caller().subject, dialect=DIALECT, key=sent.key, fingerprint=sent.fingerprint)

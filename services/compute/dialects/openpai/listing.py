"""Lists of jobs: all that were born here, and the caller's own of other windows."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlencode

from flask import Response, request

from libs.web.byte_answers import guards, tags
from libs.web.params import BadParams, parse_pair_list
from libs.web.principal import Principal
from services.compute.dialects.openpai import lookup
from services.compute.dialects.openpai.facts import DIALECT, OTHERS, USER
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.showing import Showing, View
from services.compute.dialects.openpai.states import STATES
from services.compute.domain.states import State
from services.compute.ports.store import Filter, Head
from services.compute.usecases.viewers import viewer_of

TOTAL: Final = "X-Total-Count"
MOST_DIGITS: Final = 9
PIECE: Final = 1 << 20  # bytes of a list that go out at a time
_KNOWN: Final = frozenset({"username", "state", "limit", "offset"})


class Asked:
    """The query: `username`, `state`, `limit` and `offset`; other parameters are passed over. Raises
    BadParams.
    """

    def __init__(self, username: str | None = None) -> None:
        """`username` is the one that the path names."""
        pairs = dict(parse_pair_list(request.query_string, "query", 100))
        self.username = pairs.get("username") if username is None else username
        self.narrowed = {name: pairs[name] for name in ("username", "state") if name in pairs}
        self.limit = _number(pairs, "limit")
        self.offset = _number(pairs, "offset") or 0
        self.states = _states(pairs.get("state"))


def listed(
    parts: OpenPaiParts, showing: Showing, asked: Asked, principal: Principal | None, base: str, view: View
) -> Response:
    heads = _heads(parts, asked, principal)
    part = heads[asked.offset : None if asked.limit is None else asked.offset + asked.limit]
    username = "" if principal is None else principal.name
    etag = _etag(part, len(heads), base, username)
    headers = [*guards(etag), (TOTAL, str(len(heads))), *_links(asked, len(heads))]
    if etag in tags(request.headers.get("If-None-Match", "")):
        return Response(status=304, headers=headers)
    pieces = _array(showing.rows(part, username, base, view))
    return Response(_whole(pieces), mimetype="application/json", headers=headers)


def _heads(parts: OpenPaiParts, asked: Asked, principal: Principal | None) -> list[Head]:
    """Newest first."""
    own = None if principal is None else viewer_of(principal)
    sees_all = parts.is_open or (principal is not None and lookup.is_administrator(principal))
    facts = {} if asked.username is None else {USER: asked.username}
    heads: list[Head] = []
    if sees_all or own is not None:
        born = Filter(owners=None, dialects=(DIALECT,), states=asked.states, facts=facts)
        viewer = lookup.EVERYBODY if sees_all or own is None else own
        heads += parts.jobs.heads(viewer, born)
    if own is not None and principal is not None and asked.username in (None, principal.name):
        others = Filter(owners=own.owners, dialects=OTHERS, states=asked.states)
        heads += parts.jobs.heads(own, others)
    return sorted(heads, key=lambda head: -head.id)


def _states(word: str | None) -> frozenset[State]:
    if word is None:
        return frozenset()
    if word not in STATES:
        raise BadParams("state", f"must be one of {', '.join(STATES)}")
    return STATES[word]


def _number(pairs: dict[str, str], name: str) -> int | None:
    text = pairs.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise BadParams(name, "must be a whole number")
    return int(text)


def _links(asked: Asked, total: int) -> Iterator[tuple[str, str]]:
    if asked.limit and asked.offset + asked.limit < total:
        part = {"limit": str(asked.limit), "offset": str(asked.offset + asked.limit)}
        yield "Link", f'<?{urlencode(asked.narrowed | part)}>; rel="next"'


def _etag(heads: Sequence[Head], total: int, base: str, username: str) -> str:
    told = ",".join(f"{head.id}.{head.revision}" for head in heads)
    return hashlib.sha256(f"{base} {username} {total} {told}".encode()).hexdigest()[:32]


def _array(rows: Iterator[bytes]) -> Iterator[bytes]:
    held, size, comma = [b"["], 1, b""
    for row in rows:
        held += (comma, row)
        size += len(row) + 1
        comma = b","
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join((*held, b"]"))


def _whole(pieces: Iterator[bytes]) -> bytes | Iterator[bytes]:
    """A short list goes out in one piece, and says how long it is."""
    first = next(pieces)
    second = next(pieces, None)
    return first if second is None else _joined(first, second, pieces)


def _joined(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest

"""`/kv`: a small store of keys and values, each caller's own (contract 1.5).

Clients show keys with a leading slash and send them with one, two or none: it is no part of the key.
"""

from flask import Blueprint, Response, request

from libs.web.gate import needs
from libs.web.params import BadParams
from libs.web.plain import Answer, Asked, Way, add_way, json_answer
from services.compute.dialects.prominence.answers import GUARDS, TEXT
from services.compute.dialects.prominence.errors import answer, refusal
from services.compute.dialects.prominence.queries import Query, caller
from services.compute.ports.keyvalue import MAX_VALUE
from services.compute.usecases.keyvalues import BadKey, BadValue, KeyValues

READ, WRITE = "job:read", "job:write"
NO_KEY = "No such key"
NO_VALUE = "No value provided"
_PLAIN_KEY = "/kv/([A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*)"
_SET = json_answer(b"{}", ("Cache-Control", "no-store"), status=201)
NOT_SWAPPED = "Atomic replacement not successful"


def add(room: Blueprint, keys: KeyValues) -> None:
    @room.errorhandler(BadKey)
    @room.errorhandler(BadValue)
    def refuse(error: Exception) -> Response:
        return refusal(str(error))

    @room.get("/kv")
    @room.get("/kv/")
    @needs(READ)
    def list_keys() -> Response:
        query = Query()
        return _listed(keys, "", query) if query.flag("list") else refusal("Key not specified")

    @room.get("/kv/<path:key>")
    @needs(READ)
    def show_key(key: str) -> Response:
        query, key = Query(), key.lstrip("/")
        if query.flag("list"):
            return _listed(keys, key, query)
        value = keys.get(caller().subject, key)
        return refusal(NO_KEY, 404) if value is None else _shown(value).response()

    @room.post("/kv/<path:key>")
    @needs(WRITE)
    def put_key(key: str) -> Response:
        before, value, key = Query().text("prev"), _value(), key.lstrip("/")
        if before is None:
            keys.set(caller().subject, key, value)
        elif not keys.swap(caller().subject, key, before.encode(), value):
            return refusal(NOT_SWAPPED)
        return _SET.response()

    @room.delete("/kv/<path:key>")
    @needs(WRITE)
    def remove_key(key: str) -> Response:
        key = key.lstrip("/")
        if Query().text("prefix") is not None:
            keys.delete_prefix(caller().subject, key)
        else:
            keys.delete(caller().subject, key)
        return answer({})

    _add_plain(room, keys)


def _add_plain(room: Blueprint, keys: KeyValues) -> None:
    """One key, read or set: jobs and those who follow them ask for these often."""

    def plain_get(asked: Asked) -> Answer | None:
        value = keys.get(asked.principal.subject, asked.arguments[0])
        return None if value is None else _shown(value)

    def plain_set(asked: Asked) -> Answer:
        keys.set(asked.principal.subject, asked.arguments[0], asked.body)
        return _SET

    add_way(room, Way("show_key", "GET", _PLAIN_KEY, plain_get))
    add_way(room, Way("put_key", "POST", _PLAIN_KEY, plain_set, most_bytes=MAX_VALUE))


def _shown(value: bytes) -> Answer:
    return Answer(200, (("Content-Type", TEXT), *GUARDS), value)


def _listed(keys: KeyValues, prefix: str, query: Query) -> Response:
    found = keys.list(caller().subject, prefix)
    if query.text("values") is None:
        return answer([f"/{key}" for key, _ in found])
    return answer([{f"/{key}": value.decode(errors="replace")} for key, value in found])


def _value() -> bytes:
    """Whatever its type is said to be. Raises BadParams, BadValue."""
    if (request.content_length or 0) > MAX_VALUE:
        raise BadValue("Content of value too large")
    value = request.stream.read(MAX_VALUE + 1)
    if not value:
        raise BadParams("body", NO_VALUE)
    return value

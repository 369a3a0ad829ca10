"""POST assets/query: the search answer that clients of the metadata cache read (contract 2.2)."""

import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request

from libs.web.gate import public
from services.catalogue.dialects.aquarius.reading import body_of
from services.catalogue.domain.query.search import INDEX
from services.catalogue.ports import Hit, SearchResult
from services.catalogue.usecases.search import MAX_QUERY_BYTES, SearchAssets

_SHARDS = '"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}'


def add(room: Blueprint, search: SearchAssets) -> None:
    @public
    def query() -> Response:
        return Response(search(body_of(request, MAX_QUERY_BYTES)), mimetype="application/json")

    room.add_url_rule("/assets/query", "query", query, methods=["POST"])


def render_search(result: SearchResult) -> Iterator[bytes]:
    """The answer in pieces; documents go out as they are stored."""
    head = (
        f'{{"took":1,"timed_out":false,{_SHARDS},"hits":{{'
        f'"total":{{"value":{result.total},"relation":"eq"}},"max_score":{json.dumps(result.max_score)},'
        '"hits":['
    )
    yield head.encode()
    for number, hit in enumerate(result.hits):
        yield (b"," if number else b"") + _hit(hit)
    yield b"]}" + _aggregations(result) + b"}"


def _hit(hit: Hit) -> bytes:
    head = f'{{"_index":"{INDEX}","_id":{json.dumps(hit.did)},"_score":{json.dumps(hit.score)},'
    tail = f',"sort":{_compact(list(hit.sort))}' if hit.sort is not None else ""
    return head.encode() + b'"_source":' + hit.body + tail.encode() + b"}"


def _aggregations(result: SearchResult) -> bytes:
    if not result.aggregations:
        return b""
    return b',"aggregations":' + _compact(dict(result.aggregations)).encode()


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))

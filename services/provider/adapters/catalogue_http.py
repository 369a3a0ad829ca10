"""Assets out of the catalogue (or any Aquarius), over HTTP.

Every question goes to the catalogue, so a changed document is seen at once; an unchanged one costs a 304
and no parsing, and those who ask for the same asset at the same moment share the question. Knows nothing of
who asks.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from libs.sharing.calls import SharedCalls
from libs.web.internal_client import InternalClient, PeerUnavailable, Reply
from services.provider.domain.asset import Asset, CatalogueUnavailable, MalformedAsset, is_did, parse_asset

DDO_PATH = "/api/aquarius/assets/ddo/"
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
CACHED_BYTES = 16 * 1024 * 1024  # of documents as received; parsed they take a few times as much
_NOT_FOUND = frozenset({400, 404, 410})


@dataclass(frozen=True, slots=True)
class _Revision:
    etag: str
    asset: Asset
    weight: int


class CatalogueHttp:
    """An AssetSource. Thread-safe; one instance per process."""

    def __init__(self, client: InternalClient, cached_bytes: int = CACHED_BYTES) -> None:
        self._client = client
        self._revisions = _Revisions(cached_bytes)
        self._questions: SharedCalls[Asset | None] = SharedCalls()

    def find(self, did: str) -> Asset | None:
        """The current asset, None when there is none. Raises CatalogueUnavailable, MalformedAsset."""
        if not is_did(did):
            return None
        return self._questions.value(did, lambda: self._current(did))

    def _current(self, did: str) -> Asset | None:
        known = self._revisions.get(did)
        headers = {"Accept": "application/json"}
        if known is not None:
            headers["If-None-Match"] = known.etag
        try:
            reply = self._client.get(DDO_PATH + did, headers=headers)
        except PeerUnavailable as error:
            raise CatalogueUnavailable(timed_out="Timeout" in error.reason) from error
        if reply.status == 304 and known is not None:
            return known.asset
        return self._new_revision(did, reply)

    def _new_revision(self, did: str, reply: Reply) -> Asset | None:
        if reply.status in _NOT_FOUND:
            return None
        if reply.status != 200:
            raise CatalogueUnavailable
        if len(reply.body) > MAX_DOCUMENT_BYTES:
            raise MalformedAsset("document is too large")
        asset = parse_asset(_json(reply.body), did)
        etag = reply.headers.get("etag")
        if etag:
            self._revisions.put(did, _Revision(etag, asset, len(reply.body)))
        return asset


class _Revisions:
    """The last seen revision of each asset; the least recently used go first once all weigh too much."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity = capacity_bytes
        self._weight = 0
        self._entries: OrderedDict[str, _Revision] = OrderedDict()
        self._lock = Lock()

    def get(self, did: str) -> _Revision | None:
        with self._lock:
            known = self._entries.get(did)
            if known is not None:
                self._entries.move_to_end(did)
            return known

    def put(self, did: str, revision: _Revision) -> None:
        with self._lock:
            before = self._entries.pop(did, None)
            self._weight += revision.weight - (before.weight if before else 0)
            self._entries[did] = revision
            while self._weight > self._capacity:
                _, dropped = self._entries.popitem(last=False)
                self._weight -= dropped.weight


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CatalogueUnavailable from error

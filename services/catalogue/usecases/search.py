"""Search, with the answers to repeated questions kept until the index changes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

from services.catalogue.domain.documents import parse_object
from services.catalogue.domain.query.search import parse_search
from services.catalogue.ports import Catalogue, SearchResult

MAX_QUERY_BYTES = 512 * 1024
KEPT_ANSWERS = 512
KEPT_BYTES = 32 * 1024 * 1024
LARGEST_KEPT = 512 * 1024
LARGEST_KEPT_PAGE = 100  # hits; longer pages are streamed and never stand in memory whole

Render = Callable[[SearchResult], Iterator[bytes]]


class SearchAssets:
    """`render` turns a result into the bytes of an answer; it belongs to the room."""

    def __init__(self, catalogue: Catalogue, render: Render) -> None:
        self._catalogue = catalogue
        self._render = render
        self._answers = _Answers()

    def __call__(self, body: bytes) -> bytes | Iterator[bytes]:
        """Raises UnreadableDocument, UnsupportedQuery."""
        revision = self._catalogue.revision()
        known = self._answers.get(revision, body)
        if known is not None:
            return known
        wanted = parse_search(parse_object(body, limit=MAX_QUERY_BYTES))
        parts = self._render(self._catalogue.search(wanted))
        if wanted.size > LARGEST_KEPT_PAGE:
            return parts
        answer = b"".join(parts)
        self._answers.put(revision, body, answer)
        return answer


class _Answers:
    """The most recently used answers of one revision of the index, bounded in number and bytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._revision = -1
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, revision: int, body: bytes) -> bytes | None:
        with self._lock:
            if revision != self._revision:
                return None
            answer = self._kept.get(body)
            if answer is not None:
                self._kept.move_to_end(body)
            return answer

    def put(self, revision: int, body: bytes, answer: bytes) -> None:
        cost = len(body) + len(answer)
        if cost > LARGEST_KEPT:
            return
        with self._lock:
            if revision < self._revision:
                return
            if revision > self._revision:
                self._kept.clear()
                self._revision, self._bytes = revision, 0
            if body in self._kept:
                return
            self._kept[body] = answer
            self._bytes += cost
            while self._bytes > KEPT_BYTES or len(self._kept) > KEPT_ANSWERS:
                old_body, old_answer = self._kept.popitem(last=False)
                self._bytes -= len(old_body) + len(old_answer)

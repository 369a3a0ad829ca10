"""Keeps the purgatory lists fresh, on a thread of its own; a failed or empty download changes nothing."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Event, Lock, Thread

from libs.fetch.errors import FetchError
from libs.fetch.fetcher import Fetcher
from services.catalogue.domain.purgatory import BadList, Purgatory, parse_list

log = logging.getLogger(__name__)
_MAX_BYTES = 8 * 1024 * 1024
_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Get:
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None


class HttpPurgatory:
    """`current` is None until every configured list has been had once; then the last good lists."""

    def __init__(
        self, fetcher: Fetcher, *, assets_url: str | None, accounts_url: str | None, interval_seconds: float
    ) -> None:
        self._fetcher = fetcher
        self._urls = {"did": assets_url, "address": accounts_url}
        self._interval_seconds = interval_seconds
        self._lists = Purgatory()
        self._missing = {member for member, url in self._urls.items() if url}
        self._lock = Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="purgatory", daemon=True)

    def current(self) -> Purgatory | None:
        with self._lock:
            return None if self._missing else self._lists

    def start(self) -> None:
        if any(self._urls.values()):
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._fetcher.close()

    def refresh(self) -> bool:
        """Ask for every configured list once; says whether all of them came."""
        outcomes = [self._refresh_one(member, url) for member, url in self._urls.items() if url]
        return all(outcomes)

    def _run(self) -> None:
        while not self._stopping.is_set():
            fine = self.refresh()
            self._stopping.wait(
                self._interval_seconds if fine else min(_RETRY_SECONDS, self._interval_seconds)
            )

    def _refresh_one(self, member: str, url: str) -> bool:
        try:
            found = parse_list(self._download(url), member)
        except (FetchError, BadList) as error:
            log.warning("a purgatory list was not refreshed", extra={"list": member, "reason": error.reason})
            return False
        with self._lock:
            field_name = "assets" if member == "did" else "accounts"
            self._lists = replace(self._lists, **{field_name: found})
            self._missing.discard(member)
        return True

    def _download(self, url: str) -> bytes:
        reply = self._fetcher.open(_Get(url))
        if reply.status != 200:
            reply.close()
            raise BadList(f"the answer was {reply.status}")
        body = reply.read_limited(_MAX_BYTES)
        if body is None:
            raise BadList("it is too large")
        return body

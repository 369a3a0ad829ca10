"""Everything that can be done with jobs, as one class; documents are those of the native API."""

import base64
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import requests

from libs.client.errors import Unreachable, WaitedInVain
from libs.client.gateway import Gateway, json_of
from libs.client.pages import pages
from libs.client.sse import Event, events

BASE = "/tidegate/v1"
FINAL = frozenset({"succeeded", "failed", "cancelled"})
EXEC_SECONDS = 120.0  # longer than any command inside of a job
PIECE_BYTES = 256 * 1024
_EVENT_STREAM = {"Accept": "text/event-stream"}
_PAUSE_SECONDS = 1.0  # before a stream that broke is taken up again
_MOST_BREAKS = 20  # in a row, without anything new
Document = dict[str, Any]


class Jobs:
    """`ref` is a job's number or uid. All raise Refused, NotFound, NotSignedIn, Unreachable."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    # -- one's jobs ---------------------------------------------------------------------------------
    def submit(self, document: Mapping[str, Any], key: str | None = None) -> Document:
        """Take a job, once for each `key`; without one each call is a job of its own, however often it is
        repeated on the way.
        """
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(24)}
        made: Document = self.gateway.json("POST", f"{BASE}/jobs", document, headers=headers)
        return made

    def validate(self, document: Mapping[str, Any]) -> Document:
        """What would be taken; nothing is."""
        found: Document = self.gateway.json("POST", f"{BASE}/jobs/validate", document)
        return found

    def listed(self, most: int | None = None, **filters: str) -> Iterator[Document]:
        """Newest first; `filters` as the API has them (state, name, label, dialect, since, until)."""
        return pages(self.gateway, f"{BASE}/jobs", "jobs", most, filters)

    def find(self, ref: str | int) -> Document:
        return self._of(ref)

    def cancel(self, ref: str | int) -> Document:
        return self._of(ref, "/cancel", "POST")

    def retry(self, ref: str | int) -> Document:
        return self._of(ref, "/retry", "POST", {"Idempotency-Key": secrets.token_urlsafe(24)})

    def clone(self, ref: str | int) -> Document:
        return self._of(ref, "/clone", "POST", {"Idempotency-Key": secrets.token_urlsafe(24)})

    def execute(self, ref: str | int, line: str) -> Document:
        """A line of shell inside of a running job: its exit_code, and what it wrote (`written`)."""
        where = f"{_path(ref)}/exec"
        with self.gateway.open("POST", where, json={"command": line}, read_seconds=EXEC_SECONDS) as reply:
            found: Document = json_of(reply)
            return found

    def delete(self, ref: str | int) -> None:
        self.gateway.json("DELETE", _path(ref))

    def events(self, ref: str | int) -> list[Document]:
        found: list[Document] = self._of(ref, "/events")["events"]
        return found

    def streams(self, ref: str | int, attempt: int | None = None) -> Document:
        params = {} if attempt is None else {"attempt": attempt}
        found: Document = self.gateway.json("GET", f"{_path(ref)}/streams", params=params)
        return found

    def wait(self, ref: str | int, seconds: float | None = None) -> Iterator[Document]:
        """Its events as they come, until it has ended. Raises WaitedInVain."""
        until = None if seconds is None else time.monotonic() + seconds
        for event in self._follow(f"{_path(ref)}/events", {}, "0", until):
            if event.kind == "end":
                return
            yield json.loads(event.data)

    # -- what it wrote ------------------------------------------------------------------------------
    def log(self, ref: str | int, **choice: str) -> Iterator[bytes]:
        """As it stands now; `choice` is stream and attempt."""
        with self.gateway.open(
            "GET", f"{_path(ref)}/logs", params=choice, headers={"Accept": "*/*"}
        ) as reply:
            yield from _pieces(reply)

    def follow_log(self, ref: str | int, **choice: str) -> Iterator[bytes]:
        """From the beginning until nothing will be added; taken up again where the connection broke."""
        for event in self._follow(f"{_path(ref)}/logs", choice, "0", None):
            if event.kind == "end":
                return
            yield written(json.loads(event.data))

    def outputs(self, ref: str | int) -> list[Document]:
        found: list[Document] = self._of(ref, "/outputs")["files"]
        return found

    @contextmanager
    def output(self, ref: str | int, path: str) -> Iterator[Iterator[bytes]]:
        where = f"{_path(ref)}/outputs/{quote(path)}"
        with self.gateway.open("GET", where, headers={"Accept": "*/*"}) as reply:
            yield _pieces(reply)

    @contextmanager
    def archive(self, ref: str | int) -> Iterator[Iterator[bytes]]:
        """All outputs as one zip file."""
        where = f"{_path(ref)}/outputs.zip"
        with self.gateway.open("GET", where, headers={"Accept": "*/*"}) as reply:
            yield _pieces(reply)

    # -- where they run -----------------------------------------------------------------------------
    def environments(self) -> list[Document]:
        found: list[Document] = self.gateway.json("GET", f"{BASE}/environments")["environments"]
        return found

    def quotas(self) -> Document:
        found: Document = self.gateway.json("GET", f"{BASE}/quotas")
        return found

    def whoami(self) -> Document:
        found: Document = self.gateway.json("GET", f"{BASE}/whoami")
        return found

    def upload(self, name: str, data: Any) -> Document:
        """A file (bytes, or an open one) that jobs take as an input `sandbox`."""
        with self.gateway.open("PUT", f"{BASE}/sandboxes/{quote(name, safe='')}", data=data) as reply:
            found: Document = json_of(reply)
        return found

    def _of(
        self, ref: str | int, what: str = "", method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Document:
        found: Document = self.gateway.json(method, _path(ref) + what, headers=headers)
        return found

    def _follow(
        self, path: str, params: Mapping[str, str], position: str, until: float | None
    ) -> Iterator[Event]:
        """Events from `position` on, over as many connections as it takes."""
        breaks = 0
        while breaks < _MOST_BREAKS:
            headers = {**_EVENT_STREAM, "Last-Event-ID": position}
            try:
                with self.gateway.open("GET", path, params=params, headers=headers) as reply:
                    if reply.status_code == 204:
                        return
                    for event in events(_until(_pieces(reply), until)):
                        position = event.id or position
                        breaks = 0
                        yield event
                        if event.kind == "end":
                            return
                breaks += 1  # the gateway ends streams now and then
            except Unreachable:
                breaks += 1
                time.sleep(_PAUSE_SECONDS)
        raise Unreachable("The connection broke again and again.")


def written(document: Mapping[str, Any]) -> bytes:
    """What a log's event or a command's answer holds."""
    return document["text"].encode() if "text" in document else base64.b64decode(document["base64"])


def _path(ref: str | int) -> str:
    return f"{BASE}/jobs/{quote(str(ref), safe='')}"


def _pieces(reply: requests.Response) -> Iterator[bytes]:
    """The body as it arrives. Raises Unreachable when it breaks."""
    try:
        yield from reply.iter_content(chunk_size=None if _lasts(reply) else PIECE_BYTES)
    except requests.RequestException as error:
        raise Unreachable("The connection broke.") from error


def _lasts(reply: requests.Response) -> bool:
    """Whether pieces are wanted as they come, however small."""
    return reply.headers.get("Content-Type", "").startswith(_EVENT_STREAM["Accept"])


def _until(pieces: Iterator[bytes], until: float | None) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        if until is not None and time.monotonic() > until:
            raise WaitedInVain("The job has not ended yet; it goes on.")

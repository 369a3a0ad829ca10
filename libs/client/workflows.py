"""Everything that can be done with workflows, as one class; documents are those of the native API."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from libs.client.gateway import Gateway
from libs.client.jobs import BASE, FINAL
from libs.client.pages import pages

HERE = f"{BASE}/workflows"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
Document = dict[str, Any]


class Workflows:
    """`ref` is a workflow's number or uid. All raise Refused, NotFound, NotSignedIn, Unreachable."""

    def __init__(self, gateway: Gateway, pause: Callable[[float], None] = time.sleep) -> None:
        self.gateway = gateway
        self._pause = pause

    def submit(self, document: Mapping[str, Any], key: str | None = None) -> Document:
        """Take a workflow, once for each `key`; without one each call is a workflow of its own."""
        return self._made(HERE, key, document)

    def validate(self, document: Mapping[str, Any]) -> Document:
        """What would be taken; nothing is."""
        found: Document = self.gateway.json("POST", f"{HERE}/validate", document)
        return found

    def listed(self, most: int | None = None, **filters: str) -> Iterator[Document]:
        """Newest first; `filters` as the API has them (state, name, label, dialect)."""
        return pages(self.gateway, HERE, "workflows", most, filters)

    def find(self, ref: str | int) -> Document:
        found: Document = self.gateway.json("GET", _path(ref))
        return found

    def jobs(self, ref: str | int, most: int | None = None, **filters: str) -> Iterator[Document]:
        """Those that were made so far, the newest first; `filters` are step and those of jobs."""
        return pages(self.gateway, f"{_path(ref)}/jobs", "jobs", most, filters)

    def cancel(self, ref: str | int) -> Document:
        found: Document = self.gateway.json("POST", f"{_path(ref)}/cancel")
        return found

    def rerun(self, ref: str | int) -> Document:
        """What did not go well, as a new workflow."""
        return self._made(f"{_path(ref)}/rerun")

    def clone(self, ref: str | int) -> Document:
        return self._made(f"{_path(ref)}/clone")

    def wait(self, ref: str | int) -> Iterator[Document]:
        """As it is each time that something has changed; the last one has ended."""
        before, pause = None, _FIRST_PAUSE
        while True:
            found = self.find(ref)
            if found != before:
                before, pause = found, _FIRST_PAUSE
                yield found
            if found["state"] in FINAL:
                return
            self._pause(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    def _made(self, path: str, key: str | None = None, document: Mapping[str, Any] | None = None) -> Document:
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(24)}
        made: Document = self.gateway.json("POST", path, document, headers=headers)
        return made


def _path(ref: str | int) -> str:
    return f"{HERE}/{quote(str(ref), safe='')}"

"""What can go wrong between a caller and the gateway; the texts are for people."""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Root of what this library raises on purpose."""


class Unreachable(ClientError):
    """No answer, or none that counts, although it was asked several times."""


class NotSignedIn(ClientError):
    """No token is at hand, or the one that is does not count any more."""


class LoginFailed(ClientError):
    """The user said no, or the code ran out."""


class WaitedInVain(ClientError):
    """The job goes on; the caller's patience did not."""


class BadDownload(ClientError):
    """What arrived is not what the gateway says it has."""


class Refused(ClientError):
    """The gateway said no. `problem` is its answer (RFC 9457); `errors` are (JSON pointer, sentence)."""

    def __init__(self, status: int, problem: Mapping[str, Any], request_id: str | None = None) -> None:
        self.status = status
        self.problem = dict(problem)
        self.request_id = request_id
        texts = (problem.get(name) for name in ("detail", "error_description", "title", "error"))
        super().__init__(next((str(text) for text in texts if text), f"The gateway answers {status}."))

    @property
    def errors(self) -> list[tuple[str, str]]:
        found = self.problem.get("errors")
        entries = found if isinstance(found, list) else []
        return [
            (str(entry.get("pointer", "")), str(entry.get("detail", "")))
            for entry in entries
            if isinstance(entry, dict)
        ]


class NotFound(Refused):
    """No such job or file, or somebody else's."""

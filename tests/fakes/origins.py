"""An `Origins` whose answers are scripted by URL, and which remembers what was asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.provider.domain.origins import OriginRequest, OriginUnavailable


@dataclass
class FakeReply:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = ""
    breaks: bool = False  # the body ends in OriginUnavailable
    closed: bool = False

    def chunks(self, size: int = 65536) -> Iterator[bytes]:
        for start in range(0, len(self.body), size):
            yield self.body[start : start + size]
        if self.breaks:
            raise OriginUnavailable("broke off")

    def discard(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeOrigins:
    """`answers`: URL -> reply or error; what is not there cannot be reached."""

    answers: dict[str, FakeReply | Exception] = field(default_factory=dict)
    asked: list[tuple[OriginRequest, dict[str, str]]] = field(default_factory=list)

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> FakeReply:
        self.asked.append((request, dict(extra_headers or {})))
        answer = self.answers.get(f"{request.method} {request.url}") or self.answers.get(request.url)
        if answer is None:
            raise OriginUnavailable("no such origin", retryable=True)
        if isinstance(answer, Exception):
            raise answer
        answer.url = answer.url or request.url
        return answer

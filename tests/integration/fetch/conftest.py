"""A real origin per test, and a fetcher that may talk to it and to nothing else that is private."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from libs.fetch.fetcher import Fetcher, Limits
from libs.fetch.guard import Guard
from tests.fakes.origin import Origin

FAST = Limits(connect_seconds=2.0, read_seconds=0.4, total_header_seconds=0.6)


@dataclass(frozen=True)
class Ask:
    """The smallest request that a fetcher accepts."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture
def fetcher(origin: Origin) -> Iterator[Fetcher]:
    made = Fetcher(Guard(allow=frozenset({("127.0.0.1", origin.port)})), FAST)
    yield made
    made.close()


@pytest.fixture
def fetching() -> Iterator[Callable[..., Fetcher]]:
    """Makes fetchers with a guard of one's own."""
    with ExitStack() as stack:

        def make(guard: Guard, **settings: Any) -> Fetcher:
            return stack.enter_context(closing(Fetcher(guard, **settings)))

        yield make


@pytest.fixture
def ask() -> Callable[..., Ask]:
    return Ask
